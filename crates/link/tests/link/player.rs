//! Plays a link in simulated time, and checks with every step what must always hold.

use switchboard_link::{Happening, History, Input, Link, LinkOptions, LinkState, Moment, Output, Request};
use switchboard_protocol::ExecutionId;

/// 2026-03-31T12:00:00Z: any wall-clock time will do.
const START: Moment = Moment { monotonic_ms: 1_000_000, wall_ms: 1_774_958_400_000 };

pub struct Player {
    pub link: Link,
    /// What became of the connection, as a page keeps it.
    pub history: History,
    pub now: Moment,
    /// What the link is given as its random number; 1 makes every delay the whole one.
    pub random: f64,
    /// The socket that is asked for, opening or open.
    pub socket: Option<u32>,
    /// The newest generation.
    pub generation: u32,
    /// Whether the socket has got its handshake.
    shaken: bool,
    /// Everything that came out since [`Player::take`].
    out: Vec<Output>,
}

impl Player {
    pub fn new(options: LinkOptions) -> Self {
        Self {
            link: Link::new(options),
            history: History::default(),
            now: START,
            random: 1.0,
            socket: None,
            generation: 0,
            shaken: false,
            out: Vec::new(),
        }
    }

    /// A link that has been asked to connect.
    pub fn connecting(options: LinkOptions) -> Self {
        let mut player = Self::new(options);
        player.give(Input::Connect);
        player
    }

    /// A link connected to a server that keeps a log, of which it has seen everything up to `head`.
    pub fn connected(options: LinkOptions, head: u64) -> Self {
        let mut player = Self::connecting(options);
        player.open();
        player.ack("e", head);
        player.take();
        player
    }

    /// Gives one input now.
    pub fn give(&mut self, input: Input<'_>) {
        if let Input::Closed { generation, .. } = &input
            && self.socket == Some(*generation)
        {
            self.socket = None;
        }
        let from = self.out.len();
        self.link.handle(input, self.now, self.random, &mut self.out);
        for output in &self.out[from..] {
            match output {
                Output::Open { generation } => {
                    assert_eq!(self.socket, None, "a second socket was opened");
                    assert_eq!(*generation, self.generation + 1, "generations count up");
                    self.generation = *generation;
                    self.socket = Some(*generation);
                    self.shaken = false;
                }
                Output::Close { generation, code, reason } => {
                    assert_eq!(self.socket, Some(*generation), "a socket that is gone was closed");
                    assert!(
                        *code == 1000 || (3000..5000).contains(code),
                        "browsers refuse to close with {code}"
                    );
                    assert!(reason.len() <= 123, "a close reason has at most 123 bytes");
                    self.socket = None;
                }
                Output::Send { generation, text } => {
                    assert_eq!(self.socket, Some(*generation), "something was sent on a socket that is gone");
                    assert_eq!(
                        text.contains("\"token\""),
                        !self.shaken,
                        "the handshake comes first, and once"
                    );
                    self.shaken = true;
                }
                _ => {}
            }
        }
        let status = self.link.status();
        self.history.observe(&self.out[from..], status, self.link.stats(), self.now);
        assert_eq!(self.states().last().copied().unwrap_or_default(), status.state, "the history keeps up");
        assert_eq!(
            status.state == LinkState::Connected,
            status.stale_since.is_none() && status.since > 0 && self.generation > 0,
            "connected and stale exclude each other: {status:?}"
        );
        if self.socket.is_some() || status.next_retry_at.is_some() {
            assert!(self.link.deadline().is_some(), "something is awaited for ever: {status:?}");
        }
    }

    /// Lets `milliseconds` pass, with every timer on time.
    pub fn wait(&mut self, milliseconds: u64) {
        let end = self.now.after(milliseconds);
        let mut timers = 0;
        while let Some(deadline) = self.link.deadline().filter(|deadline| *deadline <= end.monotonic_ms) {
            self.now = self.now.after(deadline.saturating_sub(self.now.monotonic_ms));
            self.give(Input::Timer);
            timers += 1;
            assert!(timers < 100_000, "the timer runs in circles");
        }
        self.now = self.now.after(end.monotonic_ms - self.now.monotonic_ms);
    }

    /// Lets the machine sleep: no timer runs, and the monotonic clock stands still, as it does on most systems.
    pub fn sleep(&mut self, milliseconds: i64) {
        self.now.wall_ms += milliseconds;
    }

    /// Lets the page be frozen: no timer runs, but both clocks do.
    pub fn freeze(&mut self, milliseconds: u64) {
        self.now = self.now.after(milliseconds);
    }

    pub fn open(&mut self) {
        let generation = self.generation;
        self.give(Input::Opened { generation });
    }

    pub fn ack(&mut self, epoch: &str, head: u64) {
        self.text(&format!(
            r#"{{"type":"connection_ack","connectionId":"c","epoch":"{epoch}","seq":{head},"heartbeatSeconds":20}}"#
        ));
    }

    pub fn text(&mut self, text: &str) {
        let generation = self.generation;
        self.give(Input::Message { generation, text });
    }

    /// One sequenced frame.
    pub fn frame(&mut self, seq: u64) {
        self.text(&frame(seq));
    }

    pub fn pong(&mut self, seq: u64, delivered: u64) {
        self.text(&format!(r#"{{"type":"pong","seq":{seq},"delivered":{delivered}}}"#));
    }

    pub fn close(&mut self, code: u16, reason: &str) {
        let generation = self.generation;
        self.give(Input::Closed { generation, code, reason: reason.into() });
    }

    pub fn fail(&mut self) {
        let generation = self.generation;
        self.give(Input::Failed { generation, error: "refused".into() });
    }

    pub fn subscribe(&mut self, execution: &str) {
        self.give(Input::Request(Request::Subscribe(execution.into())));
    }

    pub fn unsubscribe(&mut self, execution: &str) {
        self.give(Input::Request(Request::Unsubscribe(execution.into())));
    }

    /// The states that the connection was in, oldest first. Each but the last has an end.
    pub fn states(&self) -> Vec<LinkState> {
        let state = |what: &Happening| match what {
            Happening::State { state, until, .. } => Some((*state, *until)),
            _ => None,
        };
        let states: Vec<_> = self.history.entries().filter_map(|entry| state(&entry.what)).collect();
        for (place, (_, until)) in states.iter().enumerate() {
            assert_eq!(until.is_none(), place + 1 == states.len(), "only the last state lasts: {states:?}");
        }
        states.into_iter().map(|(state, _)| state).collect()
    }

    pub fn state(&self) -> LinkState {
        self.link.status().state
    }

    /// In how many milliseconds the next attempt is due.
    pub fn retry_in(&self) -> Option<u64> {
        Some(self.link.status().next_retry_at?.monotonic_ms - self.now.monotonic_ms)
    }

    /// Everything that came out since the last call.
    pub fn take(&mut self) -> Seen {
        Seen(std::mem::take(&mut self.out))
    }
}

/// One data frame with a number.
pub fn frame(seq: u64) -> String {
    format!(r#"{{"seq":{seq},"type":"event","executionId":"e-1","event":{{"id":"ev-{seq}","type":"log"}}}}"#)
}

/// What came out of a link.
#[derive(Debug)]
pub struct Seen(pub Vec<Output>);

impl Seen {
    /// The texts that were sent.
    pub fn sent(&self) -> Vec<&str> {
        fn text(output: &Output) -> Option<&str> {
            if let Output::Send { text, .. } = output { Some(text) } else { None }
        }
        self.0.iter().filter_map(text).collect()
    }

    /// How many pings were sent.
    pub fn pings(&self) -> usize {
        self.sent().into_iter().filter(|text| *text == r#"{"type":"ping"}"#).count()
    }

    /// The numbers of the frames that were delivered; 0 for one without.
    pub fn frames(&self) -> Vec<u64> {
        let seq = |output: &Output| match output {
            Output::Frame(envelope) => Some(envelope.seq.unwrap_or(0)),
            _ => None,
        };
        self.0.iter().filter_map(seq).collect()
    }

    /// The executions that were said to be subscribed, with their numbers.
    pub fn subscribed(&self) -> Vec<(String, Option<u64>)> {
        let subscribed = |output: &Output| match output {
            Output::Subscribed { execution_id, seq } => Some((execution_id.to_string(), *seq)),
            _ => None,
        };
        self.0.iter().filter_map(subscribed).collect()
    }

    /// Why refetching was asked for.
    pub fn refetches(&self) -> Vec<switchboard_link::RefetchReason> {
        let reason = |output: &Output| match output {
            Output::Refetch(reason) => Some(reason.clone()),
            _ => None,
        };
        self.0.iter().filter_map(reason).collect()
    }

    /// How many sockets were opened.
    pub fn opens(&self) -> usize {
        self.0.iter().filter(|output| matches!(output, Output::Open { .. })).count()
    }

    /// The codes that sockets were closed with.
    pub fn closes(&self) -> Vec<u16> {
        let code = |output: &Output| match output {
            Output::Close { code, .. } => Some(*code),
            _ => None,
        };
        self.0.iter().filter_map(code).collect()
    }
}

/// The executions that the link is subscribed to, with their reference counts.
pub fn held(link: &Link) -> Vec<(ExecutionId, usize)> {
    link.subscriptions().map(|(execution, references)| (execution.clone(), references)).collect()
}
