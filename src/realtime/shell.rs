//! Carries out what the link decides: the only place where its inputs and outputs meet the browser.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    mem,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::{leptos_dom::helpers::AnimationFrameRequestHandle, prelude::*};
use switchboard_link::{
    Access, Input, Link, LinkOptions, LinkState, LinkStatus, Output, ReadWrite, Request, SocketView,
    StreamInput,
};
use switchboard_model::{ServerClock, server_time};
use switchboard_protocol::{Control, DecodeError, Envelope, ExecutionId, Frame, Timestamp};

use super::{
    clock,
    fanout::{Fanout, Notice, Subscription, Topic},
    pace::Pace,
    scrape_streams::ScrapeStreams,
    socket::{Carries, Socket},
    wire::Recorder,
};

/// How long frames wait in a hidden tab, in milliseconds. Browsers stop animation frames there and hold timers
/// to one a second, so less would mean nothing and more would only let frames pile up.
const HIDDEN_FLUSH_MS: u32 = 1000;

/// When a batch counts as one of a stream, in milliseconds since the one before: a frame of a display with 60 of them a
/// second, and a little more. A stream is handed out with every second frame. Style, layout and paint of what it changes cost
/// the same whether a batch brings one line or a hundred, nobody reads 60 times a second, and a page that is busy half as
/// long answers a click sooner. What comes alone is handed out with the next frame.
const STREAM_MS: u64 = 18;

/// How many frames wait at most. A burst beyond it is handed out at once: the inbox is bounded, and no frame is
/// ever dropped.
const INBOX_CAPACITY: usize = 10_000;

/// How many unreadable frames are told of in the console: a daemon may say nothing else, many times a second. All are counted.
const MOST_WARNINGS: u32 = 100;

/// Called with each status.
pub(super) type OnStatus = Rc<dyn Fn(&LinkStatus)>;

/// What the provider's user wants to be told: the callbacks of a socket.
#[derive(Clone, Default)]
pub(super) struct Callbacks {
    pub open: Option<Callback<()>>,
    pub message: Option<UnsyncCallback<Envelope>>,
    pub close: Option<Callback<String>>,
    pub error: Option<Callback<String>>,
    /// Called with each status.
    pub status: Option<OnStatus>,
}

/// Where the shell writes what components show. Written only where it changed.
#[derive(Clone, Copy)]
pub(super) struct Signals {
    pub status: RwSignal<LinkStatus>,
    pub last_message_at: RwSignal<Option<Timestamp>>,
    /// By how many milliseconds this machine's clock is ahead of the server's.
    pub clock_ahead: RwSignal<i64>,
}

/// The shell around the link, of a connection that one may write to or of one that is only listened to.
pub(super) struct Shell<A: Access = ReadWrite> {
    url: String,
    link: RefCell<Link<A>>,
    fanout: Rc<Fanout>,
    callbacks: Callbacks,
    /// Where components look, if any do.
    signals: Option<Signals>,
    /// The status that was told of last.
    told: RefCell<LinkStatus>,
    warnings: Cell<u32>,
    /// How much is read of what comes, where not all is.
    pace: Pace,
    socket: RefCell<Option<Socket<A>>>,
    timer: RefCell<Option<(u64, Timeout)>>,
    inbox: RefCell<Vec<Envelope>>,
    flush: RefCell<Option<Flush>>,
    /// When the last batch was handed out, on the monotonic clock.
    flushed_at: Cell<u64>,
    /// When the first of what is in the inbox came, on the monotonic clock.
    waiting_since: Cell<u64>,
    /// Inputs that came while another was being carried out, from callbacks for instance: their turn is next.
    queue: RefCell<VecDeque<Input<'static, A>>>,
    busy: Cell<bool>,
    /// Whether there was a connection, or was to be one, when the page was left.
    left_connected: Cell<bool>,
    /// Kept between inputs, so that a message allocates no list of its own.
    outputs: RefCell<Vec<Output<A>>>,
    /// What time the server has.
    clock: RefCell<ServerClock>,
    /// What takes over for scrape progress while the socket fails.
    streams: RefCell<Weak<ScrapeStreams>>,
    /// What keeps for the page of the wire what happened on it.
    recorder: Rc<Recorder>,
    this: Weak<Self>,
}

/// What will hand out the inbox. Dropping it cancels it.
enum Flush {
    Frame(AnimationFrameRequestHandle),
    Timer { _timeout: Timeout },
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Self::Frame(handle) = self {
            handle.cancel();
        }
    }
}

impl Shell {
    pub(super) fn new(url: String, options: LinkOptions, callbacks: Callbacks, signals: Signals) -> Rc<Self> {
        Self::around(url, Link::new(options), callbacks, Some(signals))
    }

    /// Names what takes over for scrape progress, to be told how the socket stands.
    pub(super) fn back_up(&self, streams: &Rc<ScrapeStreams>) {
        self.streams.replace(Rc::downgrade(streams));
    }

    /// Asks for an execution's events: from the server, where nobody did before, and from the fan-out.
    pub(super) fn subscribe_execution(
        &self,
        execution: &ExecutionId,
        holder: &'static str,
        on_frames: Box<dyn Fn(&super::Matched<'_>)>,
        on_notice: Box<dyn Fn(&Notice)>,
    ) -> Subscription {
        let (this, ended) = (self.this.clone(), execution.clone());
        let on_end = move || {
            if let Some(shell) = this.upgrade() {
                shell.ask(Request::Unsubscribe(ended));
            }
        };
        let topic = Topic::Execution(execution.clone());
        let subscription =
            self.fanout.subscribe(topic, holder, on_frames, Some(on_notice), Some(Box::new(on_end)));
        self.ask(Request::Subscribe(execution.clone()));
        subscription
    }

    /// Asks something of the server.
    pub(super) fn ask(&self, request: Request) {
        self.tell(Input::Request(request));
    }
}

impl<A: Carries> Shell<A> {
    /// The shell around `link`.
    pub(super) fn around(
        url: String,
        link: Link<A>,
        callbacks: Callbacks,
        signals: Option<Signals>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            url,
            link: RefCell::new(link),
            fanout: Rc::default(),
            callbacks,
            signals,
            told: RefCell::default(),
            warnings: Cell::new(0),
            pace: Pace::default(),
            socket: RefCell::default(),
            timer: RefCell::default(),
            inbox: RefCell::default(),
            flush: RefCell::default(),
            flushed_at: Cell::new(0),
            waiting_since: Cell::new(0),
            queue: RefCell::default(),
            busy: Cell::new(false),
            left_connected: Cell::new(false),
            outputs: RefCell::default(),
            clock: RefCell::default(),
            streams: RefCell::default(),
            recorder: Recorder::new(),
            this: this.clone(),
        })
    }

    /// Gives the link an input that borrows nothing. Inside a callback it waits for its turn.
    pub(super) fn tell(&self, input: Input<'static, A>) {
        if self.busy.get() {
            self.queue.borrow_mut().push_back(input);
        } else {
            self.handle(input);
        }
    }

    /// Gives the link an input, and carries out all that follows. Called by sockets and timers, which never run
    /// in the middle of another input; what may is told by [`tell`](Self::tell).
    pub(super) fn handle(&self, input: Input<'_, A>) {
        self.busy.set(true);
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

    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn fanout(&self) -> &Rc<Fanout> {
        &self.fanout
    }

    pub(super) fn recorder(&self) -> &Rc<Recorder> {
        &self.recorder
    }

    /// The socket's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Reads the link: its status, its counters, its subscriptions.
    pub(super) fn with_link<T>(&self, read: impl FnOnce(&Link<A>) -> T) -> Option<T> {
        self.link.try_borrow().ok().map(|link| read(&link))
    }

    /// The tab was hidden or shown: what waits for an animation frame would wait for ever in a hidden one.
    pub(super) fn visibility_changed(&self) {
        if is_hidden() {
            self.flush_now();
        } else {
            self.tell(Input::Visible);
        }
    }

    /// The page is left. Browsers keep it for the back button, frozen, and with its socket for half a minute: the
    /// server would go on sending to nobody.
    pub(super) fn page_left(&self) {
        // Something is due wherever there is a connection, or is to be one.
        let wanted = self.link.borrow().deadline().is_some();
        self.left_connected.set(wanted);
        if wanted {
            self.tell(Input::Disconnect);
        }
    }

    /// The page came back by the back or forward button, as it was left.
    pub(super) fn page_restored(&self) {
        let connected = self.left_connected.take();
        self.tell(if connected { Input::Connect } else { Input::PageRestored });
    }

    /// Ends everything: the connection, the timer and what waits to be handed out.
    pub(super) fn shut_down(&self) {
        self.tell(Input::Disconnect);
        self.timer.take();
        self.flush.take();
        self.inbox.take();
    }

    fn step(&self, input: Input<'_, A>) {
        let mut outputs = self.outputs.take();
        let now = clock::now();
        self.recorder.before(&input, now);
        self.link.borrow_mut().handle(input, now, js_sys::Math::random(), &mut outputs);
        self.recorder.after(&outputs, &self.link.borrow(), now);
        for output in outputs.drain(..) {
            self.perform(output);
        }
        self.outputs.replace(outputs);
    }

    fn perform(&self, output: Output<A>) {
        match output {
            Output::Open { generation } => self.open(generation),
            Output::Send { generation, text } => {
                let socket = self.socket.borrow();
                let Some(socket) = socket.as_ref().filter(|socket| socket.generation() == generation) else {
                    return;
                };
                if let Err(error) = A::carry(socket, text) {
                    self.queue.borrow_mut().push_back(Input::Failed { generation, error });
                }
            }
            Output::Close { generation, code, reason } => {
                let socket = self.socket.borrow_mut().take_if(|socket| socket.generation() == generation);
                if let Some(socket) = socket {
                    socket.close(code, reason);
                }
            }
            Output::Frame(envelope) => {
                let is_new = |streams: Rc<ScrapeStreams>| streams.admit(&envelope);
                if self.streams().is_none_or(is_new) {
                    self.receive(envelope);
                }
            }
            Output::Undecodable { error, excerpt } => self.warn_of(&error, &excerpt),
            Output::Control(Control::ConnectionAck(ack)) => self.clock.borrow_mut().connected(ack.seq),
            Output::Control(_) => {}
            Output::Subscribed { execution_id, seq } => self.fanout.confirm(execution_id, seq),
            Output::Refetch(reason) => {
                // What came before belongs to what is dropped; it must not be folded into what is fetched.
                self.flush_now();
                if let Some(streams) = self.streams() {
                    streams.tell_owned(StreamInput::Reset);
                }
                self.fanout.refetch(reason);
            }
            Output::Status => self.publish_status(),
        }
    }

    fn warn_of(&self, error: &DecodeError, excerpt: &str) {
        let warnings = self.warnings.get();
        if warnings > MOST_WARNINGS {
            return;
        }
        self.warnings.set(warnings + 1);
        if warnings == MOST_WARNINGS {
            leptos::logging::warn!(
                "Switchboard tells of no further frames that it cannot read; they are counted."
            );
        } else {
            leptos::logging::warn!(
                "Switchboard left out a frame that it cannot read: {error}. It begins: {excerpt}"
            );
        }
    }

    fn open(&self, generation: u32) {
        match Socket::open(&self.url, generation, self.this.clone()) {
            Ok(socket) => {
                self.socket.replace(Some(socket));
            }
            Err(error) => self.queue.borrow_mut().push_back(Input::Failed { generation, error }),
        }
    }

    fn streams(&self) -> Option<Rc<ScrapeStreams>> {
        self.streams.borrow().upgrade()
    }

    fn publish_status(&self) {
        let Some(status) = self.with_link(|link| link.status().clone()) else { return };
        if let Some(streams) = self.streams() {
            streams.socket(SocketView::from(&status));
        }
        let before = self.told.replace(status.clone());
        if let Some(signals) = self.signals {
            let _ = signals.status.try_set(status.clone());
        }
        if let Some(callback) = &self.callbacks.status {
            callback(&status);
        }
        if status.last_error != before.last_error
            && let (Some(error), Some(callback)) = (&status.last_error, &self.callbacks.error)
        {
            callback.run(error.to_string());
        }
        let (was_open, is_open) =
            (before.state == LinkState::Connected, status.state == LinkState::Connected);
        if is_open
            && !was_open
            && let Some(callback) = &self.callbacks.open
        {
            callback.run(());
        }
        if was_open
            && !is_open
            && let Some(callback) = &self.callbacks.close
        {
            callback.run(status.last_error.map(|error| error.to_string()).unwrap_or_default());
        }
    }

    /// Takes a frame that nobody has had yet, from the socket or from what stands in for it.
    pub(super) fn receive(&self, envelope: Envelope) {
        let waiting = {
            let mut inbox = self.inbox.borrow_mut();
            inbox.push(envelope);
            inbox.len()
        };
        if waiting >= INBOX_CAPACITY {
            self.flush_now();
        } else if self.flush.borrow().is_none() {
            self.schedule_flush();
        }
    }

    fn schedule_flush(&self) {
        let now = clock::now().monotonic_ms;
        self.waiting_since.set(now);
        let scheduled = if is_hidden() {
            let this = self.this.clone();
            let flush = move || {
                if let Some(shell) = this.upgrade() {
                    shell.flush_now();
                }
            };
            Some(Flush::Timer { _timeout: Timeout::new(HIDDEN_FLUSH_MS, flush) })
        } else {
            let is_stream = now.saturating_sub(self.flushed_at.get()) < STREAM_MS;
            self.flush_in_frames(if is_stream { 2 } else { 1 })
        };
        self.flush.replace(scheduled);
    }

    /// Hands out the inbox with the next frame, or with one of those after it.
    fn flush_in_frames(&self, frames: u32) -> Option<Flush> {
        let this = self.this.clone();
        let on_frame = move || {
            let Some(shell) = this.upgrade() else { return };
            if frames > 1 {
                let next = shell.flush_in_frames(frames - 1);
                shell.flush.replace(next);
            } else {
                shell.flush_now();
            }
        };
        request_animation_frame_with_handle(on_frame).ok().map(Flush::Frame)
    }

    /// Hands out what waits in the inbox: one batch, and one reactive update for each who gets something.
    fn flush_now(&self) {
        self.flush.take();
        let mut batch = self.inbox.take();
        if batch.is_empty() {
            return;
        }
        let now = clock::now().monotonic_ms;
        self.flushed_at.set(now);
        self.pace.batch(now, now.saturating_sub(self.waiting_since.get()), is_hidden());
        let received_at = clock::wall();
        let by_server = self.hear_clock(&batch, received_at);
        self.fanout.deliver(&batch, received_at, by_server);
        if let Some(callback) = self.callbacks.message {
            for envelope in &batch {
                callback.run(envelope.clone());
            }
        }
        if let Some(signals) = self.signals {
            let _ = signals.last_message_at.try_set(Some(received_at));
        }
        batch.clear();
        // The list goes back for its room, unless a handler has filled a new one.
        let mut inbox = self.inbox.borrow_mut();
        if inbox.is_empty() {
            mem::swap(&mut *inbox, &mut batch);
        }
    }

    /// Learns from a batch what time the server has; answers that time.
    fn hear_clock(&self, batch: &[Envelope], now: Timestamp) -> Timestamp {
        let mut clock = self.clock.borrow_mut();
        for envelope in batch {
            if let Frame::AgentEvent(event) = &envelope.frame
                && let Some(received_at) = event.received_at
            {
                clock.heard(envelope.seq, received_at, now);
            }
        }
        let ahead = clock.ahead_ms();
        drop(clock);
        if let Some(signals) = self.signals
            && signals.clock_ahead.try_get_untracked().is_some_and(|known| known != ahead)
        {
            let _ = signals.clock_ahead.try_set(ahead);
        }
        server_time(now, ahead)
    }

    fn arm_timer(&self) {
        let deadline = self.with_link(Link::deadline).flatten();
        let mut timer = self.timer.borrow_mut();
        let armed = timer.as_ref().map(|(deadline, _)| *deadline);
        if armed == deadline {
            return;
        }
        *timer = deadline.map(|deadline| {
            let this = self.this.clone();
            let ring = move || {
                let Some(shell) = this.upgrade() else { return };
                shell.timer.take();
                shell.handle(Input::Timer);
            };
            let wait = deadline.saturating_sub(clock::now().monotonic_ms);
            // Browsers hold a timer in 31 bits; a later deadline is looked at again when that long has passed.
            (deadline, Timeout::new(i32::try_from(wait).unwrap_or(i32::MAX).unsigned_abs(), ring))
        });
    }
}

fn is_hidden() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.hidden())
}
