//! `use_conversations`: the list of conversations, kept current by the updates that the hub derives.

use std::rc::Rc;

use leptos::prelude::*;
use switchboard_protocol::{
    ConversationId, Frame, OrganizationId,
    rest::{ConversationChanged, ConversationSummary},
};

use super::{
    LiveRow, LoadPhase,
    live_list::{self, Held, ListSignals, Listed, LiveList, Page, use_live_list},
};
use crate::{
    api::{ApiError, ConversationListQuery, Queries},
    realtime::{
        Matched, Subscription, TaskListener, WebSocketContext,
        fanout::{Notice, Topic},
    },
};

/// One row. Its identity never changes; what it shows does, alone and in place.
pub type ConversationRow = LiveRow<ConversationId, ConversationSummary>;

/// What [`use_conversations`] gives back.
#[derive(Clone, Copy)]
pub struct UseConversations {
    /// The rows, the one with the latest message first. Changes only when rows come, go or move.
    pub rows: Signal<Vec<ConversationRow>>,
    /// How far the list is.
    pub phase: Signal<LoadPhase>,
    /// Whether the server has more than is shown.
    pub has_more: Signal<bool>,
    /// Why more could not be loaded, when it was last asked for.
    pub more_error: Signal<Option<ApiError>>,
    list: Held<ListedConversations>,
}

impl UseConversations {
    /// Asks for the next page.
    pub fn load_more(&self) {
        live_list::load_more(self.list);
    }

    /// Asks for the list again.
    pub fn retry(&self) {
        live_list::retry(self.list);
    }
}

/// The list of conversations. Where the server says in its updates what changed, a row changes with the next animation
/// frame; where it does not, the list is fetched again when an update comes or a reply has ended.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_conversations(query: impl Into<Signal<ConversationListQuery>>) -> UseConversations {
    let (ListSignals { rows, phase, has_more, more_error, .. }, list) = use_live_list(query.into());
    UseConversations {
        rows: rows.into(),
        phase: phase.into(),
        has_more: has_more.into(),
        more_error: more_error.into(),
        list,
    }
}

struct ListedConversations;

type List = LiveList<ListedConversations>;

impl Listed for ListedConversations {
    type Query = ConversationListQuery;
    type Id = ConversationId;
    type Item = ConversationSummary;
    type Held = (Option<Subscription>, Option<TaskListener>);

    fn organization(query: &ConversationListQuery) -> &OrganizationId {
        &query.organization_id
    }

    fn id(item: &ConversationSummary) -> ConversationId {
        item.id.clone()
    }

    /// What is new is what was said last.
    fn is_above(_: &ConversationSummary, _: &ConversationSummary) -> bool {
        true
    }

    fn rises(before: &ConversationSummary, now: &ConversationSummary) -> bool {
        before.message_count != now.message_count
    }

    /// What the server would find, only the server knows: [`hear`] asks it about what is not shown yet.
    fn wants(_: &ConversationListQuery, _: &ConversationSummary) -> bool {
        true
    }

    async fn fetch(
        queries: Queries,
        query: ConversationListQuery,
        before: Option<String>,
    ) -> Result<Page<ConversationSummary>, ApiError> {
        let api = queries.api().ok_or_else(crate::api::page_is_gone)?;
        let list = api.conversations(&query, before.as_deref()).await?;
        Ok(Page { items: list.items, next_before: list.next_before, seq: list.seq })
    }

    fn subscribe(list: &Rc<List>, context: WebSocketContext) -> Self::Held {
        let (for_updates, for_notices, for_ends) =
            (Rc::downgrade(list), Rc::downgrade(list), Rc::downgrade(list));
        let on_notice = move |notice: &Notice| {
            if let (Some(list), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                list.begin_anew();
            }
        };
        let updates = context.subscribe(
            Topic::Updates(list.query.organization_id.clone()),
            "use_conversations",
            move |matched| {
                if let Some(list) = for_updates.upgrade() {
                    hear(&list, matched);
                }
            },
            Some(Box::new(on_notice)),
        );
        let ends = context.on_task_end(move |_, _| {
            if let Some(list) = for_ends.upgrade()
                && !list.says_what_changed.get()
            {
                list.refetch_soon();
            }
        });
        (updates, ends)
    }
}

fn hear(list: &List, matched: &Matched<'_>) {
    for envelope in matched.iter() {
        let Frame::DashboardUpdate(update) = &envelope.frame else { continue };
        match ConversationChanged::read(&update.data) {
            Some(changed) if list.query.text.is_empty() || list.shows(&changed.conversation.id) => {
                list.receive(envelope.seq, changed.conversation);
            }
            Some(_) => {
                list.says_what_changed.set(true);
                list.refetch_soon();
            }
            // It says what changed, and it is something else; or it does not say.
            None if update.data.object().is_some_and(|data| data.has("kind")) => {}
            None => list.refetch_soon(),
        }
    }
}
