//! Hands frames to those who asked for them.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::{Rc, Weak},
};

use leptos::prelude::{ArcTrigger, Notify};
use switchboard_link::RefetchReason;
use switchboard_protocol::{Envelope, ExecutionId, Frame, JobId, OrganizationId, RunId, Timestamp};

/// What a subscriber can ask for: the keys by which frames are handed out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    /// Every data frame.
    Everything,
    /// `dashboard:update` frames of an organization.
    Updates(OrganizationId),
    /// `job:event` frames of an organization.
    JobsOf(OrganizationId),
    /// `job:event` frames of one job.
    Job(JobId),
    /// Events of one execution.
    Execution(ExecutionId),
    /// Ends of chat tasks.
    TaskResults,
    /// `heartbeat` and the other frames about agents, of every organization that comes.
    Agents,
    /// Progress of every scrape run.
    Scrapes,
    /// Progress of one scrape run.
    Scrape(RunId),
}

impl Topic {
    /// The kind of frames as written on the wire, and what they are about; nothing where it is every one of them.
    pub(super) fn words(&self) -> (&'static str, String) {
        match self {
            Self::Everything => ("every frame", String::new()),
            Self::Updates(organization) => ("dashboard:update", organization.to_string()),
            Self::JobsOf(organization) => ("job:event", organization.to_string()),
            Self::Job(job) => ("job:event", job.to_string()),
            Self::Execution(execution) => ("event", execution.to_string()),
            Self::TaskResults => ("update", String::new()),
            Self::Agents => ("heartbeat, agent_…", String::new()),
            Self::Scrapes => ("scrape_progress", String::new()),
            Self::Scrape(run) => ("scrape_progress", run.to_string()),
        }
    }
}

/// What a subscriber is told, apart from frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// The server delivers each event of the execution after this place in its log.
    Subscribed(Option<u64>),
    /// What was derived from frames is worth nothing; fetch it anew.
    Refetch(RefetchReason),
    /// A stream took over, and nobody knows from where: what is shown may have a hole before it.
    StreamBegan,
}

/// The frames of one batch that match a subscription, in order.
pub struct Matched<'a> {
    batch: &'a [Envelope],
    places: &'a [usize],
    received_at: Timestamp,
    by_server: Timestamp,
}

impl<'a> Matched<'a> {
    /// The frames, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &'a Envelope> + 'a {
        let (batch, places) = (self.batch, self.places);
        places.iter().filter_map(|place| batch.get(*place))
    }

    /// When they were handed out: it stands in for a timestamp that a frame lacks.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The same moment by the server's clock, as far as that is known: what is compared with times of the server's.
    pub fn received_by_server(&self) -> Timestamp {
        self.by_server
    }
}

/// Called once per batch with all frames that match.
type OnFrames = Box<dyn Fn(&Matched<'_>)>;
pub(super) type OnNotice = Box<dyn Fn(&Notice)>;

struct Subscriber {
    /// Who it is, for those who inspect the wire.
    holder: &'static str,
    on_frames: OnFrames,
    on_notice: Option<OnNotice>,
    /// False once the subscription is dropped: it may be dropped by a handler, in the middle of a batch.
    active: Cell<bool>,
    /// Places in the batch that is being handed out. Kept, so that a batch allocates nothing at steady state.
    places: RefCell<Vec<usize>>,
}

/// Who asked for what.
#[derive(Default)]
pub(super) struct Fanout {
    topics: RefCell<HashMap<Topic, Vec<Rc<Subscriber>>>>,
    /// Executions whose subscription the server has confirmed, so that a later subscriber need not wait for it.
    confirmed: RefCell<HashSet<ExecutionId>>,
    /// Told when a subscription comes or goes, or is confirmed.
    changed: ArcTrigger,
}

/// A subscription: dropping it ends it. No handler is called after that.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    fanout: Weak<Fanout>,
    topic: Topic,
    subscriber: Rc<Subscriber>,
    on_end: Option<Box<dyn FnOnce()>>,
}

impl Fanout {
    /// Calls `on_frames` once per batch that holds frames of `topic`, and `on_notice` with what else there is to
    /// know, until the subscription is dropped. `on_end` runs then. `holder` says who asks.
    pub(super) fn subscribe(
        self: &Rc<Self>,
        topic: Topic,
        holder: &'static str,
        on_frames: OnFrames,
        on_notice: Option<OnNotice>,
        on_end: Option<Box<dyn FnOnce()>>,
    ) -> Subscription {
        let (active, places) = (Cell::new(true), RefCell::default());
        let subscriber = Rc::new(Subscriber { holder, on_frames, on_notice, active, places });
        self.topics.borrow_mut().entry(topic.clone()).or_default().push(Rc::clone(&subscriber));
        self.changed.notify();
        Subscription { fanout: Rc::downgrade(self), topic, subscriber, on_end }
    }

    /// Hands out a batch: each subscriber is called once, with all of its frames, in order.
    /// `received_at` is now by this machine's clock, and `by_server` by the server's.
    pub(super) fn deliver(&self, batch: &[Envelope], received_at: Timestamp, by_server: Timestamp) {
        let mut called: Vec<Rc<Subscriber>> = Vec::new();
        {
            let topics = self.topics.borrow();
            for (place, envelope) in batch.iter().enumerate() {
                for topic in topics_of(envelope).into_iter().flatten() {
                    for subscriber in topics.get(&topic).into_iter().flatten() {
                        let mut places = subscriber.places.borrow_mut();
                        if places.is_empty() {
                            called.push(Rc::clone(subscriber));
                        }
                        places.push(place);
                    }
                }
            }
        }
        // Nothing is borrowed while handlers run: they may subscribe and unsubscribe.
        for subscriber in called {
            let mut places = subscriber.places.take();
            if subscriber.active.get() {
                (subscriber.on_frames)(&Matched { batch, places: &places, received_at, by_server });
            }
            places.clear();
            subscriber.places.replace(places);
        }
    }

    /// Tells the subscribers of an execution that the server has confirmed.
    pub(super) fn confirm(&self, execution: ExecutionId, seq: Option<u64>) {
        self.confirmed.borrow_mut().insert(execution.clone());
        self.changed.notify();
        let subscribers = self.topics.borrow().get(&Topic::Execution(execution)).cloned();
        notify(&subscribers.unwrap_or_default(), &Notice::Subscribed(seq));
    }

    /// Whether the server delivers the execution's events already.
    pub(super) fn is_confirmed(&self, execution: &ExecutionId) -> bool {
        self.confirmed.borrow().contains(execution)
    }

    /// Told when a subscription comes or goes, or is confirmed.
    pub(super) fn changed(&self) -> ArcTrigger {
        self.changed.clone()
    }

    /// Who holds what: each topic with its holders, one entry for each subscription.
    pub(super) fn holders(&self) -> Vec<(Topic, Vec<&'static str>)> {
        let topics = self.topics.borrow();
        let holders = |subscribers: &Vec<Rc<Subscriber>>| subscribers.iter().map(|it| it.holder).collect();
        topics.iter().map(|(topic, subscribers)| (topic.clone(), holders(subscribers))).collect()
    }

    /// Tells everybody to fetch anew.
    pub(super) fn refetch(&self, reason: RefetchReason) {
        self.confirmed.borrow_mut().clear();
        self.changed.notify();
        let subscribers: Vec<_> = self.topics.borrow().values().flatten().cloned().collect();
        notify(&subscribers, &Notice::Refetch(reason));
    }

    /// Tells the subscribers of a topic.
    pub(super) fn tell(&self, topic: &Topic, notice: &Notice) {
        let subscribers = self.topics.borrow().get(topic).cloned();
        notify(&subscribers.unwrap_or_default(), notice);
    }

    fn remove(&self, topic: &Topic, subscriber: &Rc<Subscriber>) {
        let mut topics = self.topics.borrow_mut();
        let Some(subscribers) = topics.get_mut(topic) else { return };
        subscribers.retain(|other| !Rc::ptr_eq(other, subscriber));
        if subscribers.is_empty() {
            topics.remove(topic);
            if let Topic::Execution(execution) = topic {
                self.confirmed.borrow_mut().remove(execution);
            }
        }
        drop(topics);
        self.changed.notify();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriber.active.set(false);
        if let Some(fanout) = self.fanout.upgrade() {
            fanout.remove(&self.topic, &self.subscriber);
        }
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
    }
}

fn notify(subscribers: &[Rc<Subscriber>], notice: &Notice) {
    for subscriber in subscribers.iter().filter(|subscriber| subscriber.active.get()) {
        if let Some(on_notice) = &subscriber.on_notice {
            on_notice(notice);
        }
    }
}

/// The topics that a frame belongs to. Frames of kinds without a page of their own yet reach those who ask for
/// everything.
fn topics_of(envelope: &Envelope) -> [Option<Topic>; 3] {
    let (first, second) = match &envelope.frame {
        Frame::DashboardUpdate(update) => (Some(Topic::Updates(update.organization_id.clone())), None),
        Frame::JobEvent(job) => {
            let organization = envelope.organization().cloned();
            (Some(Topic::Job(job.job_id.clone())), organization.map(Topic::JobsOf))
        }
        Frame::ExecutionEvent(event) => (Some(Topic::Execution(event.execution_id.clone())), None),
        Frame::TaskResult(_) => (Some(Topic::TaskResults), None),
        Frame::AgentEvent(_) => (Some(Topic::Agents), None),
        Frame::ScrapeProgress(progress) => {
            (Some(Topic::Scrapes), Some(Topic::Scrape(progress.run_id.clone())))
        }
        _ => (None, None),
    };
    [Some(Topic::Everything), first, second]
}
