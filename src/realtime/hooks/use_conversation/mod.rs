//! `use_conversation`: one conversation, with what is on its way and what is awaited.
//!
//! The state is `switchboard_model::Conversation`, folded from snapshots over HTTP, from what the person sends, and from
//! what the socket brings. Replies come through the provider's registry of pending tasks, which ends each exactly once,
//! whichever path was first; every reply that a snapshot says is awaited is registered there too, so that those which
//! another tab or person asked for end here as well.

mod sending;

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::{Rc, Weak},
    sync::Arc,
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_model::{ConnectionMark, Conversation, PendingTask, Shown};
use switchboard_protocol::{
    ConversationId, Frame, JobEvent, JobEventKind, OrganizationId, TaskId,
    rest::{Conversation as Snapshot, ConversationChanged, ConversationSummary, TaskDelta},
};

use self::sending::{Outgoing, new_message_id};
use super::{IsShown, LiveFrom, LoadPhase as Phase, Showing, follow_live};
use crate::{
    api::{ApiClient, ApiError, use_queries},
    realtime::{
        Subscription, TaskListener, WebSocketContext, clock,
        fanout::{Notice, Topic},
        outbox_storage::Unsent,
        use_websocket_context,
    },
};

/// How long to wait before a conversation is fetched because something is missing, in milliseconds: what is missing is
/// mostly on its way.
const REFETCH_MS: u32 = 300;

/// How long to wait before a conversation that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// One entry. Its identity never changes; what it shows does, alone and in place.
#[derive(Debug, Clone)]
pub struct ChatEntry {
    /// What it is known by.
    pub key: Arc<str>,
    /// What it shows. Changes at most once per animation frame.
    pub shown: ArcRwSignal<Shown>,
}

impl PartialEq for ChatEntry {
    /// The same entry, whatever it shows.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key)
    }
}

/// What [`use_conversation`] gives back.
#[derive(Clone, Copy)]
pub struct UseConversation {
    /// How far it is.
    pub phase: Signal<Phase>,
    /// What lists show of it; `None` until it is known.
    pub summary: Signal<Option<ConversationSummary>>,
    /// The entries, oldest first. Changes only when entries come or go.
    pub entries: Signal<Vec<ChatEntry>>,
    /// Whether the server has messages before the first.
    pub has_older: Signal<bool>,
    /// Why those did not come, when they were last asked for.
    pub older_error: Signal<Option<ApiError>>,
    /// How many replies are awaited.
    pub waiting: Signal<usize>,
    talk: StoredValue<Option<Rc<Talk>>, LocalStorage>,
}

impl UseConversation {
    /// Sends a message. It is shown at once, and messages go out one after the other, in order.
    pub fn send(&self, content: String) {
        self.with(|talk| talk.send(Outgoing { id: new_message_id(), content, again: false }));
    }

    /// Sends again: a message that could not be sent, or the one whose reply has failed.
    pub fn retry(&self, entry: &ChatEntry) {
        self.with(|talk| talk.retry(&entry.key));
    }

    /// Gives up a message that could not be sent.
    pub fn discard(&self, entry: &ChatEntry) {
        self.with(|talk| {
            talk.state.borrow_mut().discard(&entry.key);
            talk.publish();
        });
    }

    /// Stops a reply that is awaited.
    pub fn cancel(&self, entry: &ChatEntry) {
        self.with(|talk| talk.cancel(&entry.key));
    }

    /// Asks for the messages before the first.
    pub fn load_older(&self) {
        self.with(|talk| talk.load_older());
    }

    /// Asks for the conversation again.
    pub fn reload(&self) {
        self.with(|talk| {
            let _ = talk.signals.phase.try_set(Phase::Loading);
            talk.fetch();
        });
    }

    fn with(&self, act: impl FnOnce(&Rc<Talk>)) {
        if let Some(talk) = self.talk.try_get_value().flatten() {
            act(&talk);
        }
    }
}

#[derive(Clone, Copy)]
struct Signals {
    phase: RwSignal<Phase>,
    summary: RwSignal<Option<ConversationSummary>>,
    entries: RwSignal<Vec<ChatEntry>>,
    has_older: RwSignal<bool>,
    older_error: RwSignal<Option<ApiError>>,
    waiting: RwSignal<usize>,
}

/// What brings a conversation's news: the updates, the jobs' events, and the ends of tasks.
type Heard = ([Option<Subscription>; 2], Option<TaskListener>);

struct Talk {
    organization: OrganizationId,
    /// `None` until its first message has created it.
    id: RefCell<Option<ConversationId>>,
    context: WebSocketContext,
    api: ApiClient,
    signals: Signals,
    on_created: Rc<dyn Fn(ConversationId)>,
    state: RefCell<Conversation>,
    /// The entries as they were last shown, by key.
    entries: RefCell<HashMap<Arc<str>, ChatEntry>>,
    /// The state's stamp then.
    published: Cell<u64>,
    outbox: RefCell<VecDeque<Outgoing>>,
    /// What the tab remembers of messages that are not known to be sent.
    unsent: RefCell<Vec<Unsent>>,
    sending: Cell<bool>,
    request: Cell<u64>,
    in_flight: Cell<bool>,
    loading_older: Cell<bool>,
    /// How new the snapshot is, where the server says so.
    seq: Cell<Option<u64>>,
    /// From where updates come, while the snapshot that has to reach that far is on its way.
    waiting_for: Cell<Option<LiveFrom>>,
    timer: RefCell<Option<Timeout>>,
    is_shown: IsShown,
    this: Weak<Self>,
}

/// One conversation, whole and live. `None` is one that does not exist yet: its first message creates it, and `on_created`
/// tells its name. What is shown stays through that.
///
/// ```ignore
/// let conversation = use_conversation(id, move |id| navigate(&format!("/chat/{id}"), replace()));
/// conversation.send("What failed today?".into());
/// ```
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_conversation(
    id: impl Into<Signal<Option<ConversationId>>>,
    on_created: impl Fn(ConversationId) + 'static,
) -> UseConversation {
    let (context, api, id) = (use_websocket_context(), use_queries().api(), id.into());
    let organization = context.organization();
    let signals = Signals {
        phase: RwSignal::new(Phase::Loading),
        summary: RwSignal::new(None),
        entries: RwSignal::new(Vec::new()),
        has_older: RwSignal::new(false),
        older_error: RwSignal::new(None),
        waiting: RwSignal::new(0),
    };
    let talk = StoredValue::new_local(None::<Rc<Talk>>);
    let showing = StoredValue::new_local(None::<Showing<Heard>>);
    let on_created: StoredValue<Rc<dyn Fn(ConversationId)>, LocalStorage> =
        StoredValue::new_local(Rc::new(on_created));
    let begin = move |organization: OrganizationId, id: Option<ConversationId>| {
        let (Some(api), Some(on_created)) = (api.clone(), on_created.try_get_value()) else { return };
        // The conversation before goes before the next one comes: what is still on its way to it is for nobody here.
        drop(showing.try_update_value(Option::take).flatten());
        let (next, held) = Talk::begin(organization, id, context, api, signals, on_created);
        let _ = talk.try_set_value(Some(next));
        let _ = showing.try_set_value(Some(held));
    };
    begin(organization.get_untracked(), id.get_untracked());
    Effect::new(move || {
        let (organization, id) = (organization.get(), id.get());
        let is_shown = talk.try_with_value(|talk| {
            talk.as_ref().is_some_and(|talk| talk.organization == organization && *talk.id.borrow() == id)
        });
        if is_shown == Some(false) {
            begin(organization, id);
        }
    });
    follow_live(context, move |live_from| {
        if let Some(talk) = talk.try_get_value().flatten() {
            talk.follow_from(live_from);
        }
    });
    UseConversation {
        phase: signals.phase.into(),
        summary: signals.summary.into(),
        entries: signals.entries.into(),
        has_older: signals.has_older.into(),
        older_error: signals.older_error.into(),
        waiting: signals.waiting.into(),
        talk,
    }
}

impl Talk {
    fn begin(
        organization: OrganizationId,
        id: Option<ConversationId>,
        context: WebSocketContext,
        api: ApiClient,
        signals: Signals,
        on_created: Rc<dyn Fn(ConversationId)>,
    ) -> (Rc<Self>, Showing<Heard>) {
        let (is_shown, sign) = IsShown::begin();
        let is_new = id.is_none();
        let talk = Rc::new_cyclic(|this| Self {
            organization,
            id: RefCell::new(id),
            context,
            api,
            signals,
            on_created,
            state: RefCell::default(),
            entries: RefCell::default(),
            published: Cell::new(0),
            outbox: RefCell::default(),
            unsent: RefCell::default(),
            sending: Cell::new(false),
            request: Cell::new(0),
            in_flight: Cell::new(false),
            loading_older: Cell::new(false),
            seq: Cell::new(None),
            waiting_for: Cell::new(None),
            timer: RefCell::default(),
            is_shown,
            this: this.clone(),
        });
        let _ = signals.entries.try_set(Vec::new());
        let _ = signals.waiting.try_set(0);
        let _ = signals.has_older.try_set(false);
        let _ = signals.older_error.try_set(None);
        let _ = signals.summary.try_set(None);
        let _ = signals.phase.try_set(if is_new { Phase::Ready } else { Phase::Loading });
        talk.recall_unsent();
        let held = talk.subscribe();
        if !is_new {
            talk.fetch();
        }
        (talk, Showing { _sign: sign, _held: held })
    }

    fn subscribe(self: &Rc<Self>) -> Heard {
        let (for_updates, for_jobs, for_ends) =
            (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let for_notices = Rc::downgrade(self);
        let on_notice = move |notice: &Notice| {
            if let (Some(talk), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                talk.fetch();
            }
        };
        let updates = self.context.subscribe(
            Topic::Updates(self.organization.clone()),
            "use_conversation",
            move |matched| {
                let Some(talk) = for_updates.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::DashboardUpdate(update) = &envelope.frame
                        && let Some(changed) = ConversationChanged::read(&update.data)
                    {
                        talk.hear_update(envelope.seq, changed);
                    }
                }
                talk.publish();
            },
            Some(Box::new(on_notice)),
        );
        let jobs = self.context.subscribe(
            Topic::JobsOf(self.organization.clone()),
            "use_conversation",
            move |matched| {
                let Some(talk) = for_jobs.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::JobEvent(job) = &envelope.frame {
                        talk.hear_job(job);
                    }
                }
                talk.publish();
            },
            None,
        );
        let ends = self.context.on_task_end(move |task, end| {
            let Some(talk) = for_ends.upgrade() else { return };
            talk.state.borrow_mut().ended(&task.task_id, end, clock::wall());
            talk.publish();
        });
        ([updates, jobs], ends)
    }

    fn hear_update(&self, seq: Option<u64>, changed: ConversationChanged) {
        if self.id.borrow().as_ref() != Some(&changed.conversation.id) {
            return;
        }
        // The snapshot has it already.
        if seq.zip(self.seq.get()).is_some_and(|(seq, snapshot)| seq <= snapshot) {
            return;
        }
        if self.state.borrow_mut().changed(changed.conversation) {
            self.fetch_soon(REFETCH_MS);
        }
    }

    fn hear_job(&self, job: &JobEvent) {
        let task = TaskId::from(job.job_id.as_str());
        let mut state = self.state.borrow_mut();
        match &job.kind {
            JobEventKind::Started => {
                let attempt = job.data.as_ref().and_then(switchboard_protocol::Json::object);
                let attempt = attempt.and_then(|data| data.whole("attempt")).unwrap_or(1);
                state.started(&task, u32::try_from(attempt).unwrap_or(u32::MAX));
            }
            JobEventKind::Progress => {
                let delta = job.data.as_ref().and_then(TaskDelta::read);
                if delta.is_some_and(|delta| state.delta(&task, &delta)) {
                    drop(state);
                    self.fetch_soon(0);
                }
            }
            _ => {}
        }
    }

    fn pending(&self, task_id: TaskId) -> PendingTask {
        PendingTask {
            task_id,
            organization_id: self.organization.clone(),
            conversation_id: self.id.borrow().clone(),
            since: Some(clock::wall()),
        }
    }

    fn cancel(&self, key: &str) {
        let task = self.state.borrow().items().iter().find(|item| &*item.key == key).and_then(|item| {
            match &item.shown {
                Shown::Waiting { task_id, .. } => Some(task_id.clone()),
                _ => None,
            }
        });
        let (Some(task), Some(this)) = (task, self.this.upgrade()) else { return };
        leptos::task::spawn_local(async move {
            // Its end comes as every end does. A server that cannot stop it lets it go on.
            let answer = this.api.cancel_task(&this.organization, &task).await;
            if let Err(error) = answer {
                leptos::logging::warn!("Switchboard could not stop the task {task}: {error}");
            }
        });
    }

    fn fetch(&self) {
        let (Some(id), Some(this)) = (self.id.borrow().clone(), self.this.upgrade()) else { return };
        self.timer.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        let (asked_at, mark) = (self.state.borrow().stamp(), self.context.connection_mark());
        leptos::task::spawn_local(async move {
            let answer = this.api.conversation(&this.organization, &id, None).await;
            if this.request.get() != request || !this.is_shown.get() {
                return;
            }
            this.in_flight.set(false);
            match answer {
                Ok(snapshot) => {
                    this.show(snapshot, asked_at, mark);
                    if let Some(LiveFrom(live_from)) = this.waiting_for.take() {
                        this.follow_from(live_from);
                    }
                }
                Err(error) => this.failed(error),
            }
        });
    }

    fn show(&self, snapshot: Snapshot, asked_at: u64, mark: ConnectionMark) {
        self.seq.set(snapshot.seq);
        let again = self.state.borrow_mut().show(snapshot, asked_at, clock::wall());
        let awaited: Vec<_> = self.state.borrow().awaited().cloned().collect();
        let _ = self.signals.phase.try_set(Phase::Ready);
        self.publish();
        for task in awaited {
            self.context.register_pending_task(self.pending(task), mark);
        }
        if again || self.state.borrow().lacks_messages() {
            self.fetch_soon(REFETCH_MS);
        }
    }

    fn failed(&self, error: ApiError) {
        let nothing_shown =
            self.signals.phase.try_with_untracked(|phase| *phase != Phase::Ready) == Some(true);
        let transient = error.is_transient();
        if nothing_shown {
            let _ = self.signals.phase.try_set(Phase::Failed(error));
        }
        if transient {
            self.fetch_later(RETRY_MS);
        }
    }

    fn fetch_later(&self, after_ms: u32) {
        let this = self.this.clone();
        let fetch = move || {
            if let Some(talk) = this.upgrade() {
                talk.timer.take();
                talk.fetch();
            }
        };
        self.timer.replace(Some(Timeout::new(after_ms, fetch)));
    }

    /// Fetches soon, unless what was missing has come by then.
    fn fetch_soon(&self, after_ms: u32) {
        if self.timer.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let fetch = move || {
            let Some(talk) = this.upgrade() else { return };
            talk.timer.take();
            if talk.sending.get() {
                // The answer to the message on its way brings what an update has told of already.
                talk.fetch_soon(REFETCH_MS);
            } else if after_ms == 0 || talk.state.borrow().lacks_messages() || talk.seq.get().is_none() {
                talk.fetch();
            }
        };
        self.timer.replace(Some(Timeout::new(after_ms, fetch)));
    }

    /// Fetches, unless the snapshot is at least as new as the place from which updates come. One that is on its way is looked
    /// at when it is there.
    fn follow_from(&self, live_from: Option<u64>) {
        if self.in_flight.get() {
            self.waiting_for.set(Some(LiveFrom(live_from)));
            return;
        }
        self.waiting_for.set(None);
        let enough = self.seq.get().zip(live_from).is_some_and(|(seq, live_from)| seq >= live_from);
        if !enough {
            self.fetch();
        }
    }

    fn load_older(&self) {
        let before = self.state.borrow().older().map(str::to_owned);
        let (Some(before), Some(id), Some(this)) = (before, self.id.borrow().clone(), self.this.upgrade())
        else {
            return;
        };
        if self.loading_older.replace(true) {
            return;
        }
        set_where_other(self.signals.older_error, None);
        leptos::task::spawn_local(async move {
            let answer = this.api.conversation(&this.organization, &id, Some(&before)).await;
            this.loading_older.set(false);
            match answer {
                Ok(page) => {
                    this.state.borrow_mut().show_older(page.messages, page.next_before);
                    this.publish();
                }
                Err(error) if this.is_shown.get() => {
                    let _ = this.signals.older_error.try_set(Some(error));
                }
                Err(_) => {}
            }
        });
    }

    /// Shows what has changed, and nothing else.
    fn publish(&self) {
        let state = self.state.borrow();
        let published = self.published.replace(state.stamp());
        if published == state.stamp() {
            return;
        }
        let mut entries = self.entries.borrow_mut();
        let mut changed = Vec::new();
        let list: Vec<ChatEntry> = state
            .items()
            .iter()
            .map(|item| match entries.get(&item.key) {
                Some(entry) => {
                    if item.stamp > published
                        && entry.shown.try_with_untracked(|shown| *shown != item.shown) == Some(true)
                    {
                        changed.push((entry.shown.clone(), item.shown.clone()));
                    }
                    entry.clone()
                }
                None => ChatEntry { key: Arc::clone(&item.key), shown: ArcRwSignal::new(item.shown.clone()) },
            })
            .collect();
        *entries = list.iter().map(|entry| (Arc::clone(&entry.key), entry.clone())).collect();
        let (summary, older) = (state.summary().cloned(), state.older().is_some());
        let waiting = state.awaited().count();
        // Nothing is borrowed while others hear of it.
        drop((state, entries));
        self.remember_unsent();
        // A message may be sent after its conversation is left. Then another one is shown by these signals, or none.
        if !self.is_shown.get() {
            return;
        }
        for (signal, shown) in changed {
            let _ = signal.try_set(shown);
        }
        let Signals { summary: summary_signal, entries, has_older, waiting: waiting_signal, .. } =
            self.signals;
        set_where_other(entries, list);
        set_where_other(summary_signal, summary);
        set_where_other(has_older, older);
        set_where_other(waiting_signal, waiting);
    }
}

fn set_where_other<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.try_with_untracked(|current| *current != value) == Some(true) {
        let _ = signal.try_set(value);
    }
}
