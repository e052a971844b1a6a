//! Messages that are not known to be sent, as the tab remembers them: who leaves a conversation, or loads the page anew,
//! finds them again.

use serde::{Deserialize, Serialize};
use switchboard_protocol::{ConversationId, MessageId, OrganizationId};
use web_sys::Storage;

/// A message that is not known to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unsent {
    /// The name that it is sent by. Sending it again is harmless.
    pub id: MessageId,
    /// What it says.
    pub content: String,
}

fn open() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// What a conversation still has to send, oldest first; `None` is the one that has no name yet.
pub(super) fn recall(organization: &OrganizationId, conversation: Option<&ConversationId>) -> Vec<Unsent> {
    let text = open().and_then(|storage| storage.get_item(&name(organization, conversation)).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Remembers what a conversation still has to send. Where the storage is full or forbidden, it is kept until the page is
/// left.
pub(super) fn remember(
    organization: &OrganizationId,
    conversation: Option<&ConversationId>,
    unsent: &[Unsent],
) {
    let Some(storage) = open() else { return };
    let name = name(organization, conversation);
    let _ = match serde_json::to_string(unsent) {
        Ok(text) if !unsent.is_empty() => storage.set_item(&name, &text),
        _ => storage.remove_item(&name),
    };
}

fn name(organization: &OrganizationId, conversation: Option<&ConversationId>) -> String {
    // A conversation's name is never empty.
    let conversation = conversation.map_or("", ConversationId::as_str);
    format!("switchboard.unsent.{organization}.{conversation}")
}
