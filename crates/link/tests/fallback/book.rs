//! One thing at a time.

use switchboard_link::{Backoff, Fallback, Moment, Scope, SocketView, StreamInput, StreamOutput};
use switchboard_protocol::{Envelope, decode};

/// A machine, its clock, and what it said since it was last asked.
struct Play {
    machine: Fallback,
    now: Moment,
}

const DOWN: SocketView = SocketView { connected: false, wanted: true, fallback: false, cursor: Some(10) };
const FALLBACK: SocketView = SocketView { fallback: true, ..DOWN };
const UP: SocketView = SocketView { connected: true, ..DOWN };

fn run(id: &str) -> Scope {
    Scope::Run(id.into())
}

fn frame(run: &str, seq: u64, phase: &str) -> String {
    format!(r#"{{"seq":{seq},"type":"scrape_progress","runId":"{run}","phase":"{phase}","current":{seq}}}"#)
}

fn envelope(run: &str, seq: u64) -> Envelope {
    decode(&frame(run, seq, "running")).unwrap()
}

impl Play {
    fn new() -> Self {
        let machine = Fallback::new(Backoff::new(1_000, 2.0, 30_000, 0));
        Self { machine, now: Moment::default() }
    }

    fn tell(&mut self, input: StreamInput<'_>) -> Vec<StreamOutput> {
        let mut out = Vec::new();
        self.machine.handle(input, self.now, 1.0, &mut out);
        out.retain(|output| *output != StreamOutput::Status);
        out
    }

    fn event(&mut self, generation: u32, text: &str) -> Vec<StreamOutput> {
        self.tell(StreamInput::Event { generation, id: "", text })
    }

    /// Lets the time pass up to the next deadline.
    fn wait(&mut self) -> (u64, Vec<StreamOutput>) {
        let deadline = self.machine.deadline().expect("something is due");
        let waited = deadline - self.now.monotonic_ms;
        self.now = self.now.after(waited);
        (waited, self.tell(StreamInput::Timer))
    }

    /// A stream of all runs that is open, of generation 1.
    fn falling_back() -> Self {
        let mut play = Self::new();
        play.tell(StreamInput::Want(Scope::All));
        play.tell(StreamInput::Socket(FALLBACK));
        play.tell(StreamInput::Opened { generation: 1 });
        play
    }
}

fn open(generation: u32, scope: Scope, after: Option<u64>) -> StreamOutput {
    StreamOutput::Open { generation, scope, after }
}

fn seqs(outputs: &[StreamOutput]) -> Vec<u64> {
    let seq = |output: &StreamOutput| match output {
        StreamOutput::Frame(envelope) => envelope.seq,
        _ => None,
    };
    outputs.iter().filter_map(seq).collect()
}

#[test]
fn no_stream_while_the_socket_works_or_has_not_failed_often_enough() {
    let mut play = Play::new();
    assert!(play.tell(StreamInput::Want(Scope::All)).is_empty());
    assert!(play.tell(StreamInput::Socket(DOWN)).is_empty());
    assert!(play.tell(StreamInput::Socket(UP)).is_empty());
    assert!(!play.machine.is_live(&Scope::All));
    assert_eq!(play.machine.deadline(), None);
}

#[test]
fn a_stream_is_opened_where_the_socket_stopped_and_only_for_what_is_wanted() {
    let mut play = Play::new();
    assert!(play.tell(StreamInput::Socket(FALLBACK)).is_empty(), "nobody wants one");
    assert_eq!(play.tell(StreamInput::Want(run("r-1"))), [open(1, run("r-1"), Some(10))]);
    assert!(play.tell(StreamInput::Want(run("r-1"))).is_empty(), "one for both");
    assert!(!play.machine.is_live(&run("r-1")), "not before it is open");
    assert!(play.tell(StreamInput::Opened { generation: 1 }).is_empty());
    assert!(play.machine.is_live(&run("r-1")));
    assert!(play.tell(StreamInput::Unwant(run("r-1"))).is_empty(), "somebody still wants it");
    assert_eq!(play.tell(StreamInput::Unwant(run("r-1"))), [StreamOutput::Close { generation: 1 }]);
}

#[test]
fn a_snapshot_says_where_to_begin_where_the_socket_never_was() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(run("r-1")));
    play.tell(StreamInput::Known { scope: run("r-1"), seq: Some(7), ended: false });
    let never = SocketView { cursor: None, ..FALLBACK };
    assert_eq!(play.tell(StreamInput::Socket(never)), [open(1, run("r-1"), Some(7))]);
}

#[test]
fn a_stream_that_begins_anywhere_makes_who_wants_it_fetch() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(Scope::All));
    assert_eq!(
        play.tell(StreamInput::Socket(SocketView { cursor: None, ..FALLBACK })),
        [open(1, Scope::All, None)]
    );
    assert_eq!(play.tell(StreamInput::Opened { generation: 1 }), [StreamOutput::Refetch(Scope::All)]);
}

#[test]
fn what_one_transport_brought_the_other_does_not_bring_again() {
    let mut play = Play::falling_back();
    assert_eq!(seqs(&play.event(1, &frame("r-1", 12, "running"))), [12]);
    assert_eq!(seqs(&play.event(1, &frame("r-1", 11, "running"))), [] as [u64; 0], "out of order");
    // The socket is back and replays from where it was.
    play.tell(StreamInput::Socket(UP));
    for (seq, is_new) in [(11, false), (12, false), (13, true)] {
        assert_eq!(play.machine.admit(&envelope("r-1", seq)), is_new, "{seq}");
    }
    let heartbeat = decode(r#"{"seq":11,"type":"heartbeat","agentId":"a-1"}"#).unwrap();
    assert!(play.machine.admit(&heartbeat), "other frames never came by the stream");
}

#[test]
fn a_stream_of_one_run_says_nothing_of_others() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(run("r-1")));
    play.tell(StreamInput::Socket(FALLBACK));
    play.tell(StreamInput::Opened { generation: 1 });
    play.event(1, &frame("r-1", 20, "running"));
    assert!(!play.machine.admit(&envelope("r-1", 15)));
    assert!(play.machine.admit(&envelope("r-2", 15)), "a frame of another run was lost");
}

#[test]
fn the_stream_is_closed_only_when_the_socket_has_come_as_far() {
    let mut play = Play::falling_back();
    play.event(1, &frame("r-1", 30, "running"));
    assert!(play.tell(StreamInput::Socket(UP)).is_empty(), "the replay is still behind");
    assert!(play.machine.is_live(&Scope::All), "make before break");
    play.tell(StreamInput::Socket(SocketView { cursor: Some(29), ..UP }));
    let (_, out) = play.wait();
    assert!(out.is_empty());
    let out = play.tell(StreamInput::Socket(SocketView { cursor: Some(30), ..UP }));
    assert_eq!(out, [StreamOutput::Close { generation: 1 }]);
    assert_eq!(play.machine.deadline(), None);
}

#[test]
fn a_socket_whose_replay_takes_long_does_not_keep_the_stream_for_ever() {
    let mut play = Play::falling_back();
    play.event(1, &frame("r-1", 30, "running"));
    play.tell(StreamInput::Socket(UP));
    for _ in 0..100 {
        let (_, out) = play.wait();
        if out == [StreamOutput::Close { generation: 1 }] {
            assert_eq!(play.now.monotonic_ms, 5_000);
            assert!(!play.machine.admit(&envelope("r-1", 25)), "what it brought stays known");
            return;
        }
        assert!(out.is_empty());
    }
    panic!("the stream was never closed");
}

#[test]
fn a_socket_that_is_lost_again_before_that_leaves_the_stream_open() {
    let mut play = Play::falling_back();
    play.event(1, &frame("r-1", 30, "running"));
    play.tell(StreamInput::Socket(UP));
    assert!(play.tell(StreamInput::Socket(DOWN)).is_empty());
    assert_eq!(play.machine.deadline(), None);
    assert_eq!(seqs(&play.event(1, &frame("r-1", 31, "running"))), [31]);
}

#[test]
fn a_stream_that_fails_is_opened_again_where_it_was_by_backoff() {
    let mut play = Play::falling_back();
    play.event(1, &frame("r-1", 30, "running"));
    assert_eq!(play.tell(StreamInput::Failed { generation: 1 }), [StreamOutput::Close { generation: 1 }]);
    assert!(!play.machine.is_live(&Scope::All));
    for (generation, delay) in [(2, 1_000), (3, 2_000), (4, 4_000)] {
        assert_eq!(play.wait(), (delay, vec![open(generation, Scope::All, Some(30))]));
        play.tell(StreamInput::Failed { generation });
    }
    play.wait();
    play.tell(StreamInput::Opened { generation: 5 });
    play.tell(StreamInput::Failed { generation: 5 });
    assert_eq!(play.wait().0, 1_000, "an opening that worked begins the delays anew");
}

#[test]
fn a_stream_that_never_opens_is_given_up_and_tried_again() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(Scope::All));
    play.tell(StreamInput::Socket(FALLBACK));
    assert_eq!(play.wait(), (10_000, vec![StreamOutput::Close { generation: 1 }]));
    assert_eq!(play.wait(), (1_000, vec![open(2, Scope::All, Some(10))]));
    assert!(play.tell(StreamInput::Opened { generation: 1 }).is_empty());
    assert!(!play.machine.is_live(&Scope::All), "the one before was heard");
}

#[test]
fn a_run_that_ends_closes_its_stream_and_stays_true() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(run("r-1")));
    play.tell(StreamInput::Socket(FALLBACK));
    play.tell(StreamInput::Opened { generation: 1 });
    let out = play.event(1, &frame("r-1", 20, "completed"));
    assert_eq!(seqs(&out), [20]);
    assert_eq!(out.last(), Some(&StreamOutput::Close { generation: 1 }));
    assert!(play.machine.is_live(&run("r-1")), "what is shown was confirmed on it");
    assert_eq!(play.machine.deadline(), None, "it would only hear the same again");
    // Nobody answers any more, so nobody knows.
    play.tell(StreamInput::Unreachable);
    assert!(!play.machine.is_live(&run("r-1")));
}

#[test]
fn a_run_that_is_known_to_be_over_is_confirmed_once() {
    let mut play = Play::new();
    play.tell(StreamInput::Want(run("r-1")));
    play.tell(StreamInput::Known { scope: run("r-1"), seq: Some(40), ended: true });
    assert_eq!(
        play.tell(StreamInput::Socket(FALLBACK)),
        [open(1, run("r-1"), None)],
        "its state is asked for"
    );
    assert!(play.tell(StreamInput::Opened { generation: 1 }).is_empty(), "there is nothing to fetch");
    play.event(1, &frame("r-1", 8, "completed"));
    assert!(play.machine.is_live(&run("r-1")));
}

#[test]
fn a_server_that_does_not_answer_ends_what_seems_open() {
    let mut play = Play::falling_back();
    assert_eq!(play.tell(StreamInput::Unreachable), [StreamOutput::Close { generation: 1 }]);
    assert!(!play.machine.is_live(&Scope::All));
    assert_eq!(play.wait().1, [open(2, Scope::All, Some(10))]);
}

#[test]
fn a_log_that_begins_anew_is_fetched_and_followed() {
    let mut play = Play::falling_back();
    let out = play.event(1, &frame("r-1", 3, "running"));
    assert_eq!(out.first(), Some(&StreamOutput::Refetch(Scope::All)));
    assert_eq!(seqs(&out), [3]);
    assert_eq!(seqs(&play.event(1, &frame("r-1", 4, "running"))), [4]);
    // The socket's numbers are of the log before; it is back, and nothing is to be compared.
    assert_eq!(play.tell(StreamInput::Socket(UP)), [StreamOutput::Close { generation: 1 }]);
    assert!(play.machine.admit(&envelope("r-1", 4)));
}

#[test]
fn another_organization_begins_anew() {
    let mut play = Play::falling_back();
    play.event(1, &frame("r-1", 30, "running"));
    let out = play.tell(StreamInput::Reset);
    assert_eq!(out.first(), Some(&StreamOutput::Close { generation: 1 }));
    assert!(play.machine.admit(&envelope("r-1", 25)));
}

#[test]
fn a_connection_that_nobody_wants_has_no_stream_either() {
    let mut play = Play::falling_back();
    let out = play.tell(StreamInput::Socket(SocketView { wanted: false, ..FALLBACK }));
    assert_eq!(out, [StreamOutput::Close { generation: 1 }]);
    assert_eq!(play.machine.deadline(), None);
}

#[test]
fn what_cannot_be_read_costs_itself_and_what_is_something_else_is_left_alone() {
    let mut play = Play::falling_back();
    assert!(matches!(&play.event(1, "{oops")[..], [StreamOutput::Undecodable { .. }]));
    assert!(play.event(1, r#"{"type":"heartbeat","agentId":"a-1"}"#).is_empty());
    let unnumbered = r#"{"type":"scrape_progress","runId":"r-1","current":1}"#;
    assert!(
        matches!(&play.event(1, unnumbered)[..], [StreamOutput::Frame(envelope)] if envelope.seq.is_none())
    );
    let out = play.tell(StreamInput::Event { generation: 1, id: "14", text: unnumbered });
    assert_eq!(seqs(&out), [14], "the id stands in for a number that the frame lacks");
}
