//! A link that only listens, as to a daemon: it never sends, and what usually comes shows whether the daemon lives.

use proptest::prelude::*;
use switchboard_link::{
    Backoff, Input, Link, LinkError, LinkState, LinkStatus, ListenOptions, Moment, Output, ReadOnly,
};
use switchboard_protocol::Frame;

const START: Moment = Moment { monotonic_ms: 1_000_000, wall_ms: 1_774_958_400_000 };

/// Plays a read-only link in simulated time.
struct Listener {
    link: Link<ReadOnly>,
    now: Moment,
    socket: Option<u32>,
    generation: u32,
    out: Vec<Output<ReadOnly>>,
}

impl Listener {
    fn new(options: ListenOptions) -> Self {
        Self { link: Link::listening(options), now: START, socket: None, generation: 0, out: Vec::new() }
    }

    /// A link with an open connection.
    fn connected() -> Self {
        let mut listener = Self::new(ListenOptions::default());
        listener.give(Input::Connect);
        listener.open();
        listener.out.clear();
        listener
    }

    fn give(&mut self, input: Input<'_, ReadOnly>) {
        if let Input::Closed { generation, .. } = &input
            && self.socket == Some(*generation)
        {
            self.socket = None;
        }
        let from = self.out.len();
        self.link.handle(input, self.now, 1.0, &mut self.out);
        for output in &self.out[from..] {
            match output {
                Output::Open { generation } => {
                    assert_eq!(self.socket, None, "a second socket was opened");
                    self.generation = *generation;
                    self.socket = Some(*generation);
                }
                Output::Close { generation, .. } => {
                    assert_eq!(self.socket, Some(*generation), "a socket that is gone was closed");
                    self.socket = None;
                }
                // There is no value of the message's type, so the compiler takes this for an answer.
                Output::Send { text, .. } => match *text {},
                Output::Control(_) | Output::Subscribed { .. } | Output::Refetch(_) => {
                    panic!("a daemon's frames are all events: {output:?}")
                }
                _ => {}
            }
        }
        let status = self.link.status();
        let began = self.generation > 0 && status.since > 0;
        assert_eq!(status.state == LinkState::Connected, began && status.stale_since.is_none());
        if self.socket.is_some() || status.next_retry_at.is_some() {
            assert!(self.link.deadline().is_some(), "something is awaited for ever: {status:?}");
        }
    }

    fn wait(&mut self, milliseconds: u64) {
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

    fn open(&mut self) {
        let generation = self.generation;
        self.give(Input::Opened { generation });
    }

    fn text(&mut self, text: &str) {
        let generation = self.generation;
        self.give(Input::Message { generation, text });
    }

    fn close(&mut self, code: u16) {
        let generation = self.generation;
        self.give(Input::Closed { generation, code, reason: String::new() });
    }

    /// A heartbeat of an agent after each `every_ms`, so many times.
    fn beats(&mut self, agent: &str, every_ms: u64, times: usize) {
        for _ in 0..times {
            self.text(&heartbeat(agent));
            self.wait(every_ms);
        }
    }

    fn status(&self) -> &LinkStatus {
        self.link.status()
    }

    fn state(&self) -> LinkState {
        self.status().state
    }

    /// The kinds of the events that came since the last call.
    fn events(&mut self) -> Vec<String> {
        let kind = |output: &Output<ReadOnly>| match output {
            Output::Frame(envelope) => Some(envelope.frame.kind().to_owned()),
            _ => None,
        };
        self.out.drain(..).filter_map(|output| kind(&output)).collect()
    }

    fn opens(&mut self) -> usize {
        self.out.drain(..).filter(|output| matches!(output, Output::Open { .. })).count()
    }

    fn retry_in(&self) -> Option<u64> {
        Some(self.status().next_retry_at?.monotonic_ms - self.now.monotonic_ms)
    }
}

fn heartbeat(agent: &str) -> String {
    format!(r#"{{"type":"heartbeat","agentId":"{agent}","status":"running"}}"#)
}

/// What ended the last connection, if it was its silence: for how many seconds, and whether heartbeats were due.
fn silence(listener: &Listener) -> Option<(u64, bool)> {
    match listener.status().last_error {
        Some(LinkError::Silent { seconds, missed }) => Some((seconds, missed)),
        _ => None,
    }
}

#[test]
fn a_daemon_that_takes_the_connection_is_connected_though_it_says_nothing() {
    let mut listener = Listener::new(ListenOptions::default());
    listener.give(Input::Connect);
    assert_eq!(listener.state(), LinkState::Connecting);
    listener.open();
    assert_eq!(listener.state(), LinkState::Connected);
}

#[test]
fn every_object_with_a_kind_is_an_event_as_it_was_written() {
    let mut listener = Listener::connected();
    let odd = r#"{"type":"build_done","minutes":4,"deep":{"a":[1]}}"#;
    listener.text(odd);
    let Some(Output::Frame(envelope)) = listener.out.iter().find(|it| matches!(it, Output::Frame(_))) else {
        panic!("it is an event: {:?}", listener.out)
    };
    let Frame::Unknown(event) = &envelope.frame else { panic!("{envelope:?}") };
    assert_eq!((&*event.kind, event.raw.text()), ("build_done", odd));
    listener.out.clear();
    // Also what a hub would mean for the connection, what lacks its key, and a number that is no place in a log.
    listener.text(r#"{"type":"connection_ack","epoch":"e","seq":9}"#);
    listener.text(r#"{"type":"heartbeat"}"#);
    listener.text(r#"{"seq":7,"type":"note"}"#);
    listener.text(r#"{"seq":7,"type":"note"}"#);
    listener.text(r#"{"event":"update","data":{}}"#);
    assert_eq!(listener.events(), ["connection_ack", "heartbeat", "note", "note", "update"]);
}

#[test]
fn a_bad_frame_costs_exactly_that_frame_and_is_counted() {
    let mut listener = Listener::connected();
    let huge = format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(300 * 1024));
    for bad in ["nonsense", "[]", "{}", r#"{"type":7}"#, &huge] {
        listener.text(&format!("{}\n{bad}\n{}", heartbeat("a"), heartbeat("a")));
    }
    let generation = listener.generation;
    listener.give(Input::BinaryMessage { generation, bytes: &[0xff, 0xfe, 0] });
    listener.give(Input::BinaryMessage { generation, bytes: heartbeat("a").as_bytes() });
    assert_eq!(listener.events().len(), 11);
    assert_eq!(listener.link.stats().undecodable, 6);
    assert_eq!(listener.state(), LinkState::Connected);
}

#[test]
fn disconnecting_closes_with_1000_and_nothing_follows() {
    let mut listener = Listener::connected();
    listener.give(Input::Disconnect);
    assert!(listener.out.iter().any(|output| matches!(output, Output::Close { code: 1000, .. })));
    listener.out.clear();
    listener.wait(600_000);
    assert_eq!((listener.opens(), listener.state()), (0, LinkState::Disconnected));
    listener.give(Input::Connect);
    assert_eq!(listener.opens(), 1);
}

#[test]
fn the_delay_grows_by_half_from_two_seconds_to_thirty_and_begins_anew_by_success() {
    let mut listener = Listener::connected();
    let mut delays = Vec::new();
    for _ in 0..9 {
        listener.close(1006);
        delays.push(listener.retry_in().unwrap());
        listener.wait(delays.last().copied().unwrap());
        assert_eq!(listener.state(), LinkState::Connecting);
    }
    assert_eq!(delays, [2_000, 3_000, 4_500, 6_750, 10_125, 15_188, 22_781, 30_000, 30_000]);
    listener.open();
    listener.text(&heartbeat("a"));
    assert_eq!((listener.status().attempt, &listener.status().last_error), (0, &None));
    listener.close(1006);
    assert_eq!(listener.retry_in(), Some(2_000));
}

// A server that takes connections and drops them looked like a success each time, and was asked every two seconds for ever.
#[test]
fn one_that_accepts_and_drops_is_a_failure() {
    let mut listener = Listener::connected();
    listener.close(1006);
    listener.wait(2_000);
    listener.open();
    listener.close(1006);
    assert_eq!((listener.status().attempt, listener.retry_in()), (2, Some(3_000)));
}

#[test]
fn attempts_have_a_limit_only_where_one_is_set() {
    let backoff = Backoff { max_attempts: Some(3), ..Backoff::daemon() };
    let mut listener = Listener::new(ListenOptions { backoff, ..ListenOptions::default() });
    listener.give(Input::Connect);
    for _ in 0..3 {
        listener.close(1006);
        listener.wait(30_000);
    }
    assert_eq!(listener.state(), LinkState::Error);
    assert!(matches!(listener.status().last_error, Some(LinkError::GaveUp { attempts: 3, .. })));

    let mut patient = Listener::new(ListenOptions {
        backoff: Backoff::new(2_000, 1.5, 30_000, 0),
        ..ListenOptions::default()
    });
    patient.give(Input::Connect);
    for _ in 0..500 {
        patient.close(1006);
        patient.wait(30_000);
    }
    assert_eq!(patient.state(), LinkState::Connecting);
}

#[test]
fn three_missed_heartbeats_are_said_and_replace_the_connection() {
    let mut listener = Listener::connected();
    listener.beats("a", 5_000, 4);
    listener.text(&heartbeat("a"));
    listener.wait(14_999);
    assert_eq!(listener.state(), LinkState::Connected);
    let heard = listener.status().last_message_at;
    listener.wait(1);
    assert_eq!(listener.state(), LinkState::Disconnected);
    assert_eq!(silence(&listener), Some((15, true)));
    assert_eq!(
        listener.status().last_error.as_ref().unwrap().to_string(),
        "nothing was heard for 15 s; three heartbeats were due"
    );
    assert_eq!(listener.status().stale_since, heard, "what it last said was the last that could be trusted");
    assert_eq!((listener.status().attempt, listener.retry_in()), (1, Some(2_000)));
    listener.out.clear();
    listener.wait(2_000);
    assert_eq!(listener.opens(), 1);
}

#[test]
fn what_an_agent_says_of_its_heartbeat_counts_from_the_first() {
    let mut listener = Listener::connected();
    listener.text(r#"{"type":"heartbeat","agentId":"a","heartbeatSeconds":7}"#);
    listener.wait(21_000);
    assert_eq!(silence(&listener), Some((21, true)));
}

#[test]
fn the_quickest_of_those_that_beat_decides() {
    let mut listener = Listener::connected();
    for _ in 0..4 {
        listener.beats("slow", 0, 1);
        listener.beats("quick", 4_000, 5);
    }
    listener.text(&heartbeat("quick"));
    listener.wait(11_999);
    assert_eq!(listener.state(), LinkState::Connected);
    listener.wait(1);
    assert_eq!(silence(&listener), Some((12, true)));
}

// One agent that was killed made a healthy connection look dead whenever the others were quiet for as long as it would have been.
#[test]
fn who_fell_silent_while_others_spoke_is_not_waited_for() {
    let mut listener = Listener::connected();
    for _ in 0..5 {
        listener.text(&heartbeat("slow"));
        listener.beats("quick", 2_000, 10);
    }
    // The quick one dies; the slow one goes on.
    for _ in 0..5 {
        listener.text(&heartbeat("slow"));
        listener.wait(20_000);
    }
    assert_eq!(listener.state(), LinkState::Connected, "{:?}", listener.status());
    listener.wait(39_999);
    assert_eq!(listener.state(), LinkState::Connected);
    listener.wait(1);
    assert_eq!(silence(&listener), Some((60, true)));
}

#[test]
fn who_stopped_or_failed_is_not_waited_for() {
    for end in [
        r#"{"type":"agent_stopped","agentId":"a"}"#,
        r#"{"type":"agent_error","agentId":"a","error":"disk full"}"#,
        r#"{"type":"heartbeat","agentId":"a","status":"stopped"}"#,
    ] {
        let mut listener = Listener::connected();
        listener.beats("a", 2_000, 5);
        listener.text(end);
        listener.wait(200_000);
        assert_eq!(listener.state(), LinkState::Connected, "{end}");
    }
}

#[test]
fn a_burst_and_a_senseless_interval_are_held_in_a_sane_range() {
    let mut listener = Listener::connected();
    listener.text(&format!("{0}\n{0}\n{0}", heartbeat("a")));
    listener.wait(1);
    listener.text(&heartbeat("a"));
    listener.wait(2_999);
    assert_eq!(listener.state(), LinkState::Connected, "no rhythm is quicker than a second");
}

// A daemon that said how often it beats, and beat less often than every five minutes, was called dead after fifteen.
#[test]
fn who_beats_less_often_than_a_silence_may_last_is_not_expected() {
    for seconds in [301, 3_600, u64::MAX] {
        let mut listener = Listener::connected();
        listener.text(&format!(r#"{{"type":"heartbeat","agentId":"a","heartbeatSeconds":{seconds}}}"#));
        listener.wait(299_999);
        assert_eq!(listener.state(), LinkState::Connected);
        listener.wait(1);
        assert_eq!(silence(&listener), Some((300, false)), "every {seconds} s");
        assert_eq!(listener.status().attempt, 0, "it is renewed, and that is no failure");
    }
}

// An interval of 0 s was taken for one of 1 s, so the connection was replaced after 3 s of silence.
#[test]
fn an_interval_of_nothing_says_nothing() {
    let mut listener = Listener::connected();
    listener.text(r#"{"type":"heartbeat","agentId":"a","heartbeatSeconds":0}"#);
    listener.wait(299_999);
    assert_eq!(listener.state(), LinkState::Connected);
}

// An interval of one second that was said once held for as long as the connection did.
#[test]
fn an_interval_that_is_not_said_any_more_is_taken_from_the_heartbeats() {
    let mut listener = Listener::connected();
    listener.text(r#"{"type":"heartbeat","agentId":"a","heartbeatSeconds":1}"#);
    listener.beats("a", 2_000, 6);
    listener.wait(3_999);
    assert_eq!(listener.state(), LinkState::Connected);
    listener.wait(1);
    assert_eq!(silence(&listener), Some((6, true)));
}

// Without reconnecting, a daemon that had nothing to say for five minutes was cut off for good.
#[test]
fn a_quiet_daemon_is_renewed_also_where_nothing_that_is_lost_is_replaced() {
    let mut listener = Listener::new(ListenOptions { reconnect: false, ..ListenOptions::default() });
    listener.give(Input::Connect);
    listener.open();
    for _ in 0..3 {
        listener.out.clear();
        listener.wait(300_000);
        assert_eq!(listener.opens(), 1, "at once");
        listener.open();
    }
    listener.beats("a", 2_000, 5);
    listener.out.clear();
    listener.wait(600_000);
    assert_eq!((listener.state(), listener.opens()), (LinkState::Disconnected, 0));
    assert!(matches!(silence(&listener), Some((_, true))), "a lost one is not replaced");
}

/// Where no rhythm is known, nobody can tell a quiet daemon from a dead one: the socket is renewed now and then, which is no
/// failure, and never gives up.
#[test]
fn a_quiet_daemon_is_asked_anew_every_five_minutes_and_never_called_dead() {
    let backoff = Backoff { max_attempts: Some(1), ..Backoff::daemon() };
    let mut listener = Listener::new(ListenOptions { backoff, ..ListenOptions::default() });
    listener.give(Input::Connect);
    listener.open();
    for _ in 0..20 {
        listener.wait(299_999);
        assert_eq!(listener.state(), LinkState::Connected);
        listener.out.clear();
        listener.wait(1);
        assert_eq!(listener.opens(), 1, "at once");
        assert_eq!(silence(&listener), Some((300, false)));
        assert_eq!(listener.status().attempt, 0);
        listener.open();
    }
}

#[test]
fn after_a_silence_nothing_is_expected_of_the_next_connection() {
    let mut listener = Listener::connected();
    listener.beats("a", 2_000, 5);
    listener.wait(10_000);
    listener.open();
    listener.wait(200_000);
    assert_eq!(
        listener.state(),
        LinkState::Connected,
        "an agent that is gone must not replace the connection again and again"
    );
}

#[test]
fn a_flood_moves_no_timer() {
    let mut listener = Listener::connected();
    listener.beats("a", 1_000, 10);
    let deadline = listener.link.deadline();
    for _ in 0..50 {
        listener.now = listener.now.after(1);
        listener.text(&heartbeat("a"));
    }
    assert_eq!(listener.link.deadline(), deadline);
}

// A page that was busy for seconds took a live daemon for dead, because its timer came before the frames that had arrived.
#[test]
fn a_timer_that_comes_late_waits_for_what_has_arrived() {
    let mut listener = Listener::connected();
    listener.beats("a", 1_000, 6);
    listener.now = listener.now.after(4_500);
    listener.give(Input::Timer);
    assert_eq!(listener.state(), LinkState::Connected);
    listener.text(&heartbeat("a"));
    listener.wait(2_500);
    assert_eq!(listener.state(), LinkState::Connected);
    listener.now = listener.now.after(4_900);
    listener.give(Input::Timer);
    listener.wait(1_000);
    assert!(matches!(listener.status().last_error, Some(LinkError::Silent { missed: true, .. })));
}

#[test]
fn after_a_sleep_it_must_be_heard_within_four_seconds() {
    for wake in [Input::Timer, Input::Visible] {
        let mut listener = Listener::connected();
        listener.beats("a", 20_000, 3);
        listener.now.wall_ms += 3_600_000;
        listener.give(wake);
        listener.out.clear();
        listener.wait(3_999);
        assert_eq!(listener.state(), LinkState::Connected);
        listener.wait(1);
        assert_eq!(listener.opens(), 1, "the replacement does not wait");
        assert_eq!(listener.status().attempt, 0, "a sleep is nobody's failure");
    }
}

#[test]
fn what_comes_after_a_sleep_proves_it_unless_it_may_have_been_waiting() {
    let mut listener = Listener::connected();
    listener.beats("a", 20_000, 3);
    listener.now.wall_ms += 3_600_000;
    listener.give(Input::Visible);
    listener.wait(200);
    listener.text(&heartbeat("a"));
    listener.out.clear();
    listener.wait(3_800);
    assert_eq!(listener.opens(), 1, "it may have been waiting in a buffer since before the sleep");

    let mut listener = Listener::connected();
    listener.beats("a", 20_000, 3);
    listener.now.wall_ms += 3_600_000;
    listener.give(Input::Visible);
    listener.wait(2_000);
    listener.text(&heartbeat("a"));
    listener.wait(50_000);
    assert_eq!(listener.state(), LinkState::Connected);
}

#[test]
fn looking_at_the_page_again_proves_nothing_and_costs_nothing() {
    let mut listener = Listener::connected();
    listener.beats("a", 20_000, 3);
    listener.give(Input::Visible);
    listener.give(Input::Offline);
    listener.wait(30_000);
    assert_eq!(listener.state(), LinkState::Connected);
    assert_eq!(listener.opens(), 0);
}

#[test]
fn another_network_or_a_page_that_was_put_aside_makes_it_suspect() {
    for wake in [Input::Online, Input::PageRestored] {
        let mut listener = Listener::connected();
        listener.give(wake);
        listener.out.clear();
        listener.wait(4_000);
        assert_eq!(listener.opens(), 1);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Connect,
    Disconnect,
    Reconnect,
    Timer,
    Wait(u64),
    Sleep(i64),
    Freeze(u64),
    Opened(u32),
    Text(u32, String),
    Bytes(u32, Vec<u8>),
    Failed(u32),
    Closed(u32, u16),
    Online,
    Offline,
    Visible,
    PageRestored,
}

fn step() -> impl Strategy<Value = Step> {
    let age = || prop_oneof![8 => Just(0_u32), 1 => 1..4_u32, 1 => Just(u32::MAX)];
    let text = prop_oneof![
        6 => ("[a-e]", 0..90_u64).prop_map(|(agent, seconds)| format!(
            r#"{{"type":"heartbeat","agentId":"{agent}","heartbeatSeconds":{seconds}}}"#
        )),
        6 => "[a-e]".prop_map(|agent| heartbeat(&agent)),
        2 => "[a-e]".prop_map(|agent| format!(r#"{{"type":"agent_stopped","agentId":"{agent}"}}"#)),
        1 => Just(r#"{"type":"connection_ack","epoch":"e","seq":3,"heartbeatSeconds":1}"#.to_owned()),
        1 => Just(r#"{"type":"pong","seq":3,"delivered":8}"#.to_owned()),
        1 => "\\PC{0,20}",
    ];
    prop_oneof![
        2 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Reconnect),
        1 => Just(Step::Timer),
        6 => (0..40_000_u64).prop_map(Step::Wait),
        1 => (-100_000..4_000_000_i64).prop_map(Step::Sleep),
        1 => (0..100_000_u64).prop_map(Step::Freeze),
        6 => age().prop_map(Step::Opened),
        10 => (age(), text).prop_map(|(age, text)| Step::Text(age, text)),
        1 => (age(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(age, bytes)| Step::Bytes(age, bytes)),
        2 => age().prop_map(Step::Failed),
        2 => (age(), prop::sample::select(vec![1000_u16, 1001, 1006, 4401, 4408, 4429]))
            .prop_map(|(age, code)| Step::Closed(age, code)),
        1 => Just(Step::Online),
        1 => Just(Step::Offline),
        1 => Just(Step::Visible),
        1 => Just(Step::PageRestored),
    ]
}

proptest! {
    /// Whatever comes in whatever order: nothing panics, there is never a second socket, and a connection that goes on beating is
    /// there at the end.
    #[test]
    fn any_order_ends_well(steps in prop::collection::vec(step(), 0..60)) {
        let mut listener = Listener::new(ListenOptions::default());
        for step in steps {
            let of = |age: u32, listener: &Listener| listener.generation.wrapping_sub(age);
            match step {
                Step::Connect => listener.give(Input::Connect),
                Step::Disconnect => listener.give(Input::Disconnect),
                Step::Reconnect => listener.give(Input::Reconnect),
                Step::Timer => listener.give(Input::Timer),
                Step::Wait(ms) => listener.wait(ms),
                Step::Sleep(ms) => listener.now.wall_ms += ms,
                Step::Freeze(ms) => listener.now = listener.now.after(ms),
                Step::Opened(age) => { let generation = of(age, &listener); listener.give(Input::Opened { generation }); }
                Step::Text(age, text) => { let generation = of(age, &listener); listener.give(Input::Message { generation, text: &text }); }
                Step::Bytes(age, bytes) => { let generation = of(age, &listener); listener.give(Input::BinaryMessage { generation, bytes: &bytes }); }
                Step::Failed(age) => { let generation = of(age, &listener); listener.give(Input::Failed { generation, error: "broke".into() }); }
                Step::Closed(age, code) => { let generation = of(age, &listener); listener.give(Input::Closed { generation, code, reason: String::new() }); }
                Step::Online => listener.give(Input::Online),
                Step::Offline => listener.give(Input::Offline),
                Step::Visible => listener.give(Input::Visible),
                Step::PageRestored => listener.give(Input::PageRestored),
            }
        }
        listener.give(Input::Reconnect);
        listener.open();
        listener.beats("z", 5_000, 20);
        prop_assert_eq!(listener.state(), LinkState::Connected);
        listener.wait(10_500);
        let said = matches!(listener.status().last_error, Some(LinkError::Silent { missed: true, .. }));
        prop_assert!(said, "{:?}", listener.status());
    }
}
