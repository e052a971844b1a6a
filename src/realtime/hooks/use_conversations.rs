//! `use_conversations`: the list of conversations, kept current by the updates that the hub derives.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    sync::Arc,
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::LinkState;
use switchboard_protocol::{
    ConversationId, Frame,
    rest::{ConversationChanged, ConversationList, ConversationSummary},
};

use super::{ExecutionPhase as Phase, subscribe_while_mounted};
use crate::{
    api::{ApiClient, ApiError, ConversationListQuery, use_queries},
    realtime::{
        Subscription, TaskListener, WebSocketContext,
        fanout::{Notice, Topic},
        use_websocket_context,
    },
};

/// How long refetches are held together, in milliseconds, where updates don't say what changed.
const REFETCH_MS: u32 = 300;

/// How long to wait before a list that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// One row. Its identity never changes; what it shows does, alone and in place.
#[derive(Debug, Clone)]
pub struct ConversationRow {
    /// Which conversation.
    pub id: ConversationId,
    /// What it shows.
    pub summary: ArcRwSignal<ConversationSummary>,
    identity: Arc<()>,
}

impl PartialEq for ConversationRow {
    /// The same row, whatever it shows.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.identity, &other.identity)
    }
}

/// What [`use_conversations`] gives back.
#[derive(Clone, Copy)]
pub struct UseConversations {
    /// The rows, the conversation with the latest message first. Changes only when rows come, go or move.
    pub rows: Signal<Vec<ConversationRow>>,
    /// How far the list is.
    pub phase: Signal<Phase>,
    /// Whether the server has more than is shown.
    pub has_more: Signal<bool>,
    list: StoredValue<Option<Rc<List>>, LocalStorage>,
}

impl UseConversations {
    /// Asks for the next page.
    pub fn load_more(&self) {
        if let Some(list) = self.list.try_get_value().flatten() {
            list.load_more();
        }
    }

    /// Asks for the list again.
    pub fn retry(&self) {
        if let Some(list) = self.list.try_get_value().flatten() {
            list.signals.phase.set(Phase::Loading);
            list.fetch();
        }
    }
}

#[derive(Clone, Copy)]
struct Signals {
    rows: RwSignal<Vec<ConversationRow>>,
    phase: RwSignal<Phase>,
    has_more: RwSignal<bool>,
}

struct List {
    query: ConversationListQuery,
    api: ApiClient,
    signals: Signals,
    next_before: RefCell<Option<String>>,
    /// How new the first page is, where the server says so.
    seq: Cell<Option<u64>>,
    /// Updates that came while a list was on its way.
    waiting: RefCell<Vec<(Option<u64>, ConversationSummary)>>,
    request: Cell<u64>,
    in_flight: Cell<bool>,
    /// Whether the server's updates say what changed: then ends of tasks tell nothing that they don't.
    says_what_changed: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    held: RefCell<Option<(Option<Subscription>, Option<TaskListener>)>>,
    this: Weak<Self>,
}

/// The list of conversations. Where the server says in its updates what changed, a row changes with the next animation
/// frame; where it does not, the list is fetched again when an update comes or a reply has ended.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_conversations(query: impl Into<Signal<ConversationListQuery>>) -> UseConversations {
    let (context, queries) = (use_websocket_context(), use_queries());
    let signals = Signals {
        rows: RwSignal::new(Vec::new()),
        phase: RwSignal::new(Phase::Loading),
        has_more: RwSignal::new(false),
    };
    let list = StoredValue::new_local(None::<Rc<List>>);
    subscribe_while_mounted(query.into(), move |query| {
        // Rows of another search are shown until the new ones come; rows of another organization are not.
        let before = list.try_get_value().flatten();
        if before.is_some_and(|before| before.query.organization_id != query.organization_id) {
            signals.rows.set(Vec::new());
            signals.phase.set(Phase::Loading);
        }
        let _ = list.try_set_value(Some(List::begin(query, context, queries.api()?, signals)));
        None
    });
    let link = context.status();
    let live = Memo::new(move |_| {
        link.with(|link| (link.state == LinkState::Connected).then_some((link.live_from, link.stale_since)))
    });
    Effect::new(move |before: Option<bool>| {
        let live = live.get();
        // A list that was fetched before the connection lacks what happened until then.
        if let (Some((live_from, _)), Some(false)) = (live, before)
            && let Some(list) = list.try_get_value().flatten()
            && list.seq.get().zip(live_from).is_none_or(|(seq, live_from)| seq < live_from)
        {
            list.fetch();
        }
        live.is_some()
    });
    UseConversations {
        rows: signals.rows.into(),
        phase: signals.phase.into(),
        has_more: signals.has_more.into(),
        list,
    }
}

impl List {
    fn begin(
        query: &ConversationListQuery,
        context: WebSocketContext,
        api: ApiClient,
        signals: Signals,
    ) -> Rc<Self> {
        let list = Rc::new_cyclic(|this| Self {
            query: query.clone(),
            api,
            signals,
            next_before: RefCell::default(),
            seq: Cell::new(None),
            waiting: RefCell::default(),
            request: Cell::new(0),
            in_flight: Cell::new(false),
            says_what_changed: Cell::new(false),
            timer: RefCell::default(),
            held: RefCell::default(),
            this: this.clone(),
        });
        list.fetch();
        list.subscribe(context);
        list
    }

    fn subscribe(self: &Rc<Self>, context: WebSocketContext) {
        let (for_updates, for_notices, for_ends) =
            (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let on_notice = move |notice: &Notice| {
            if let (Some(list), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                list.waiting.borrow_mut().clear();
                list.fetch();
            }
        };
        let updates = context.subscribe(
            Topic::Updates(self.query.organization_id.clone()),
            move |matched| {
                let Some(list) = for_updates.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::DashboardUpdate(update) = &envelope.frame {
                        match ConversationChanged::read(&update.data) {
                            Some(changed) => list.hear(envelope.seq, changed.conversation),
                            // It says what changed, and it is something else; or it does not say.
                            None if update.data.object().is_some_and(|data| data.has("kind")) => {}
                            None => list.fetch_soon(),
                        }
                    }
                }
            },
            Some(Box::new(on_notice)),
        );
        let ends = context.on_task_end(move |_, _| {
            if let Some(list) = for_ends.upgrade()
                && !list.says_what_changed.get()
            {
                list.fetch_soon();
            }
        });
        self.held.replace(Some((updates, ends)));
    }

    fn hear(&self, seq: Option<u64>, summary: ConversationSummary) {
        self.says_what_changed.set(true);
        // What the server would find, only the server knows.
        if !self.query.text.is_empty() && !self.is_shown(&summary.id) {
            self.fetch_soon();
            return;
        }
        if self.in_flight.get() {
            self.waiting.borrow_mut().push((seq, summary.clone()));
        }
        if seq.zip(self.seq.get()).is_none_or(|(seq, list)| seq > list) {
            self.fold(summary);
        }
    }

    fn is_shown(&self, id: &ConversationId) -> bool {
        self.signals.rows.with_untracked(|rows| rows.iter().any(|row| row.id == *id))
    }

    /// Brings one row to what an update says. A row with a new message goes to the top.
    fn fold(&self, summary: ConversationSummary) {
        let rows = self.signals.rows;
        let place = rows.with_untracked(|rows| rows.iter().position(|row| row.id == summary.id));
        let Some(place) = place else {
            return rows.update(|rows| rows.insert(0, new_row(summary)));
        };
        let Some(row) = rows.with_untracked(|rows| rows.get(place).cloned()) else { return };
        let has_new = row.summary.with_untracked(|shown| shown.message_count != summary.message_count);
        if row.summary.with_untracked(|shown| *shown != summary) {
            row.summary.set(summary);
        }
        if has_new && place > 0 {
            rows.update(|rows| {
                let row = rows.remove(place);
                rows.insert(0, row);
            });
        }
    }

    fn fetch(&self) {
        let Some(this) = self.this.upgrade() else { return };
        self.timer.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        leptos::task::spawn_local(async move {
            let answer = this.api.conversations(&this.query, None).await;
            if this.request.get() != request || Rc::strong_count(&this) == 1 {
                return;
            }
            this.in_flight.set(false);
            match answer {
                Ok(list) => this.show(list),
                Err(error) => this.failed(error),
            }
        });
    }

    fn show(&self, list: ConversationList) {
        let seq = list.seq;
        self.seq.set(seq);
        self.next_before.replace(list.next_before.clone());
        let before = self.signals.rows.get_untracked();
        let rows: Vec<_> = list.items.into_iter().map(|item| reused_row(&before, item)).collect();
        if self.signals.rows.with_untracked(|shown| *shown != rows) {
            self.signals.rows.set(rows);
        }
        self.signals.has_more.set(list.next_before.is_some());
        self.signals.phase.set(Phase::Ready);
        for (place, summary) in self.waiting.take() {
            if place.zip(seq).is_none_or(|(place, seq)| place > seq) {
                self.fold(summary);
            }
        }
    }

    fn failed(&self, error: ApiError) {
        let transient = error.is_transient();
        if self.signals.phase.with_untracked(|phase| *phase != Phase::Ready) {
            self.signals.phase.set(Phase::Failed(error));
        }
        if transient {
            self.fetch_after(RETRY_MS);
        }
    }

    fn load_more(&self) {
        let (Some(before), Some(this)) = (self.next_before.borrow().clone(), self.this.upgrade()) else {
            return;
        };
        let request = self.request.get();
        leptos::task::spawn_local(async move {
            let answer = this.api.conversations(&this.query, Some(&before)).await;
            // A list that was fetched meanwhile begins anew.
            let Some(page) = answer.ok().filter(|_| this.request.get() == request) else { return };
            this.next_before.replace(page.next_before.clone());
            this.signals.has_more.set(page.next_before.is_some());
            let more: Vec<_> = page.items.into_iter().filter(|item| !this.is_shown(&item.id)).collect();
            this.signals.rows.update(|rows| rows.extend(more.into_iter().map(new_row)));
        });
    }

    fn fetch_soon(&self) {
        if self.timer.borrow().is_none() {
            self.fetch_after(REFETCH_MS);
        }
    }

    fn fetch_after(&self, after_ms: u32) {
        let this = self.this.clone();
        let fetch = move || {
            if let Some(list) = this.upgrade() {
                list.timer.take();
                list.fetch();
            }
        };
        self.timer.replace(Some(Timeout::new(after_ms, fetch)));
    }
}

fn new_row(summary: ConversationSummary) -> ConversationRow {
    ConversationRow { id: summary.id.clone(), summary: ArcRwSignal::new(summary), identity: Arc::default() }
}

/// The row that shows this conversation already, brought up to date; a new one where there is none.
fn reused_row(before: &[ConversationRow], item: ConversationSummary) -> ConversationRow {
    let Some(row) = before.iter().find(|row| row.id == item.id) else { return new_row(item) };
    if row.summary.with_untracked(|shown| *shown != item) {
        row.summary.set(item);
    }
    row.clone()
}
