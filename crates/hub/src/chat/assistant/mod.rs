//! The local lane: an operations assistant that answers from the hub's own data, without a model.
//!
//! ```text
//! question ─→ intent (with range) ─→ reading, bounded ─→ answers, in Markdown
//! ```
//!
//! * `words` takes a question apart, `range` finds spans of time in it, `intent` says what is asked, and
//!   `command` lists what can be. All of that is pure.
//! * `reading` reads executions page by page, up to a bound that the answer names when it was hit.
//! * `answers` has a file for each kind of answer.
//! * `markdown` is the one way for stored text and for the question's into an answer.
//!
//! It says what the data says, and where that ends it says so.

mod answers;
mod command;
mod intent;
mod markdown;
mod moment;
mod range;
mod reading;
#[cfg(test)]
mod tests;
mod words;

use switchboard_protocol::{OrganizationId, Timestamp, rest::Reply};
use switchboard_store::{Store, StoreError};

use self::{answers::Asked, intent::Intent};
use super::lanes::LOCAL;

/// Answers a question or a command from the organization's data, as of `now`.
///
/// # Errors
/// [`StoreError`] where the data cannot be read.
pub async fn answer(
    store: &dyn Store,
    organization: &OrganizationId,
    question: &str,
    now: Timestamp,
) -> Result<Reply, StoreError> {
    let asked = Asked { store, organization, now };
    let content = match intent::parse(question) {
        Intent::Failed(selection) => answers::failed(asked, &selection).await?,
        Intent::Slow(selection) => answers::slow(asked, &selection).await?,
        Intent::Running(selection) => answers::running(asked, &selection).await?,
        Intent::Count(selection) => answers::count(asked, &selection).await?,
        Intent::Find { text, range } => answers::find(asked, &text, range).await?,
        Intent::Cost(range) => answers::cost(asked, range).await?,
        Intent::Status { kind, name } => answers::status(asked, kind, &name).await?,
        Intent::Help => answers::help(),
        Intent::UnknownCommand(name) => answers::unknown_command(&name),
        Intent::Unanswerable { nearest } => answers::unanswerable(nearest),
    };
    Ok(Reply { content, lane: Some(LOCAL.to_owned()), ..Reply::default() })
}
