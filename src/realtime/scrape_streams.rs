//! Carries out what the fallback decides: event streams for scrape progress while the socket fails.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::{Backoff, Fallback, Scope, SocketView, StreamInput, StreamOutput};
use switchboard_protocol::{Envelope, OrganizationId};

use super::{
    clock,
    event_source::Source,
    fanout::{Fanout, Notice, Topic},
};
use crate::api::ApiClient;

/// What the streams give to: frames go where those of the socket go.
type Receive = Box<dyn Fn(Envelope)>;

/// How the socket stands at this moment: its cursor moves without its status.
type View = Box<dyn Fn() -> Option<SocketView>>;

/// The shell around the fallback.
pub(super) struct ScrapeStreams {
    machine: RefCell<Fallback>,
    sources: RefCell<HashMap<u32, Source>>,
    api: ApiClient,
    organization: RwSignal<OrganizationId>,
    fanout: Rc<Fanout>,
    receive: Receive,
    view: View,
    /// Grows whenever a stream comes or goes.
    version: RwSignal<u64>,
    timer: RefCell<Option<(u64, Timeout)>>,
    /// Inputs that came while another was being carried out: their turn is next.
    queue: RefCell<VecDeque<StreamInput<'static>>>,
    busy: Cell<bool>,
    this: Weak<Self>,
}

impl ScrapeStreams {
    pub(super) fn new(
        backoff: Backoff,
        api: ApiClient,
        organization: RwSignal<OrganizationId>,
        fanout: Rc<Fanout>,
        receive: impl Fn(Envelope) + 'static,
        view: impl Fn() -> Option<SocketView> + 'static,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            machine: RefCell::new(Fallback::new(backoff)),
            sources: RefCell::default(),
            api,
            organization,
            fanout,
            receive: Box::new(receive),
            view: Box::new(view),
            version: RwSignal::new(0),
            timer: RefCell::default(),
            queue: RefCell::default(),
            busy: Cell::new(false),
            this: this.clone(),
        })
    }

    /// Grows whenever a stream comes or goes.
    pub(super) fn version(&self) -> RwSignal<u64> {
        self.version
    }

    /// How many streams there are, open or opening.
    pub(super) fn count(&self) -> usize {
        self.sources.borrow().len()
    }

    /// Whether a stream brings the progress of these runs.
    pub(super) fn is_live(&self, scope: &Scope) -> bool {
        self.machine.try_borrow().is_ok_and(|machine| machine.is_live(scope))
    }

    /// Whether a frame that the socket brought is new.
    pub(super) fn admit(&self, envelope: &Envelope) -> bool {
        self.machine.try_borrow().is_ok_and(|machine| machine.admit(envelope))
    }

    /// The socket's state may have changed.
    pub(super) fn socket(&self, view: SocketView) {
        self.tell_owned(StreamInput::Socket(view));
    }

    /// Gives the machine an input that borrows nothing. Inside a handler it waits for its turn.
    pub(super) fn tell_owned(&self, input: StreamInput<'static>) {
        if self.busy.get() {
            self.queue.borrow_mut().push_back(input);
        } else {
            self.tell(input);
        }
    }

    /// Gives the machine an input, and carries out all that follows. Called by sources and timers, which never run in the
    /// middle of another input.
    pub(super) fn tell(&self, input: StreamInput<'_>) {
        self.busy.set(true);
        if let Some(view) = (self.view)() {
            self.step(StreamInput::Socket(view));
        }
        self.step(input);
        loop {
            let next = self.queue.borrow_mut().pop_front();
            match next {
                Some(input) => self.step(input),
                None => break,
            }
        }
        self.busy.set(false);
        self.arm_timer();
    }

    /// Ends everything.
    pub(super) fn shut_down(&self) {
        self.timer.take();
        self.sources.take();
    }

    fn step(&self, input: StreamInput<'_>) {
        let mut outputs = Vec::new();
        self.machine.borrow_mut().handle(input, clock::now(), js_sys::Math::random(), &mut outputs);
        for output in outputs {
            self.perform(output);
        }
    }

    fn perform(&self, output: StreamOutput) {
        match output {
            StreamOutput::Open { generation, scope, after } => self.open(generation, &scope, after),
            StreamOutput::Close { generation } => {
                // Taken out before it is dropped: closing may run handlers.
                let source = self.sources.borrow_mut().remove(&generation);
                if source.is_some() {
                    leptos::logging::log!("Switchboard closed an event stream for scrape progress.");
                }
            }
            StreamOutput::Frame(envelope) => (self.receive)(envelope),
            StreamOutput::Undecodable { error, excerpt } => leptos::logging::warn!(
                "Switchboard left out an event that it cannot read: {error}. It begins: {excerpt}"
            ),
            StreamOutput::Refetch(scope) => self.fanout.tell(&topic(scope), &Notice::StreamBegan),
            StreamOutput::Status => {
                let _ = self.version.try_update(|version| *version += 1);
            }
        }
    }

    fn open(&self, generation: u32, scope: &Scope, after: Option<u64>) {
        let Some(organization) = self.organization.try_get_untracked() else { return };
        let run = match scope {
            Scope::All => None,
            Scope::Run(run) => Some(run),
        };
        let url = self.api.scrape_stream(&organization, run, after);
        // The address may hold a token, so the path is enough for the log.
        leptos::logging::warn!(
            "Switchboard's socket failed three times in a row: scrape progress comes over SSE from {} until it is back.",
            url.split('?').next().unwrap_or_default()
        );
        match Source::open(&url, generation, self.this.clone()) {
            Ok(source) => {
                self.sources.borrow_mut().insert(generation, source);
            }
            Err(_) => self.queue.borrow_mut().push_back(StreamInput::Failed { generation }),
        }
    }

    fn arm_timer(&self) {
        let deadline = self.machine.borrow().deadline();
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|(deadline, _)| *deadline) == deadline {
            return;
        }
        *timer = deadline.map(|deadline| {
            let this = self.this.clone();
            let ring = move || {
                let Some(streams) = this.upgrade() else { return };
                streams.timer.take();
                streams.tell(StreamInput::Timer);
            };
            let wait = deadline.saturating_sub(clock::now().monotonic_ms);
            (deadline, Timeout::new(u32::try_from(wait).unwrap_or(u32::MAX), ring))
        });
    }
}

/// Where frames of a scope are handed out.
pub(super) fn topic(scope: Scope) -> Topic {
    match scope {
        Scope::All => Topic::Scrapes,
        Scope::Run(run) => Topic::Scrape(run),
    }
}
