//! Conversations and tasks.
//!
//! What changes them runs on the writer, in the same commit as the batches that wait: `post` takes a message in,
//! `claim` gives tasks to workers, `finish` and `delta` fold what workers report, `recover` takes tasks back.
//! `announce` is what the log is told of each. `lists` are the reads, `rows` how rows become types, `text` makes
//! titles and previews, and `forget` is retention.

mod announce;
mod claim;
mod delta;
mod finish;
mod forget;
mod lists;
mod post;
mod recover;
mod rows;
mod text;

use futures::FutureExt;
use switchboard_protocol::{
    ConversationId, OrganizationId, TaskId, Timestamp,
    rest::{ClaimedTask, Conversation, ConversationList, TaskState},
};

use super::SqliteStore;
use crate::{Answer, Chat, ChatCost, Claim, ConversationQuery, NewMessage, PostOutcome, Recovered};

pub(super) use finish::Ended;
pub(super) use forget::forget;
pub(super) use rows::find;

impl Chat for SqliteStore {
    fn post_message(&self, organization: OrganizationId, message: NewMessage) -> Answer<'_, PostOutcome> {
        let bytes = message.content.len();
        self.change(bytes, move |changes| changes.post_message(&organization, &message)).boxed()
    }

    fn conversations(
        &self,
        organization: OrganizationId,
        query: ConversationQuery,
    ) -> Answer<'_, ConversationList> {
        self.readers.read(move |transaction| lists::page(transaction, &organization, &query)).boxed()
    }

    fn conversation(
        &self,
        organization: OrganizationId,
        conversation: ConversationId,
        limit: usize,
        before: Option<String>,
    ) -> Answer<'_, Option<Conversation>> {
        self.readers
            .read(move |transaction| {
                lists::conversation(transaction, &organization, &conversation, limit, before.as_deref())
            })
            .boxed()
    }

    fn task(&self, organization: OrganizationId, task: TaskId) -> Answer<'_, Option<TaskState>> {
        self.readers.read(move |transaction| lists::task(transaction, &organization, &task)).boxed()
    }

    fn claim_task(&self, claim: Claim) -> Answer<'_, Option<ClaimedTask>> {
        self.change(0, move |changes| changes.claim_task(&claim)).boxed()
    }

    fn renew_task(
        &self,
        organization: OrganizationId,
        task: TaskId,
        worker: String,
        lease_until: Timestamp,
    ) -> Answer<'_, bool> {
        self.change(0, move |changes| changes.renew_task(&organization, &task, &worker, lease_until)).boxed()
    }

    fn recover_tasks(&self, now: Timestamp, is_lost: fn(&str) -> bool) -> Answer<'_, Recovered> {
        async move {
            let mut all = Recovered::default();
            loop {
                let chunk = self.change(0, move |changes| changes.recover_tasks(now, is_lost)).await?;
                all.requeued += chunk.recovered.requeued;
                all.failed += chunk.recovered.failed;
                all.next_lease = chunk.recovered.next_lease;
                if !chunk.more {
                    return Ok(all);
                }
            }
        }
        .boxed()
    }

    fn chat_cost(&self, organization: OrganizationId, since: Timestamp) -> Answer<'_, ChatCost> {
        self.readers.read(move |transaction| lists::cost(transaction, &organization, since)).boxed()
    }
}

/// The statements, for a test that looks at how SQLite runs them.
#[cfg(test)]
pub(super) mod statements {
    pub(in crate::sqlite) use super::{
        claim::{HISTORY, NEXT, RENEW},
        delta::KEEP,
        finish::TASK,
        forget::IDLE,
        lists::{COST, LATEST_MESSAGES, OPEN_TASKS, PAGE, SUMMARY},
        post::KNOWN,
        recover::RUNNING,
        rows::TASK_STATE,
    };
}
