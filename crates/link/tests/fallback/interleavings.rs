//! A run whose progress comes by a socket and by streams that break at random: whatever the order, each page is there
//! once, the numbers are right, and the end is told once.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use switchboard_link::{Backoff, Fallback, Moment, Scope, SocketView, StreamInput, StreamOutput};
use switchboard_model::{ScrapeWatch, Seen};
use switchboard_protocol::{
    Envelope, Frame, ScrapePhase, ScrapeProgress, ScrapedPage, Timestamp,
    rest::{ScrapeRunSnapshot, ScrapeRunSummary},
};

const PAGES: u64 = 40;

/// The server: a log in which the run's frames stand between others, and the state that it folds from them.
struct Server {
    log: Vec<Option<ScrapeProgress>>,
    summary: ScrapeRunSummary,
    pages: Vec<ScrapedPage>,
}

struct Play {
    rng: TestRng,
    now: Moment,
    server: Server,
    machine: Fallback,
    watch: ScrapeWatch,
    socket: SocketView,
    /// What the open stream has not said yet.
    stream: Option<(u32, VecDeque<u64>, bool)>,
    /// A snapshot on its way.
    answer: Option<ScrapeRunSnapshot>,
    ends: usize,
}

impl Server {
    fn append(&mut self, progress: Option<ScrapeProgress>) {
        if let Some(progress) = &progress {
            switchboard_model::apply_progress(&mut self.summary, progress, Timestamp::from_millis(0));
            self.pages.extend(progress.pages.iter().cloned());
        }
        self.log.push(progress);
    }

    fn head(&self) -> u64 {
        self.log.len() as u64
    }

    fn at(&self, seq: u64) -> Option<Envelope> {
        let progress = self.log.get(usize::try_from(seq - 1).unwrap())?.clone()?;
        Some(Envelope { seq: Some(seq), organization_id: None, frame: Frame::ScrapeProgress(progress) })
    }

    fn snapshot(&self) -> ScrapeRunSnapshot {
        ScrapeRunSnapshot {
            summary: self.summary.clone(),
            limits: None,
            extract: None,
            pages: self.pages.clone(),
            page_count: self.pages.len() as u64,
            seq: Some(self.head()),
        }
    }
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut play = Self {
            rng: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            now: Moment::default(),
            server: Server {
                log: Vec::new(),
                summary: ScrapeRunSummary::of("acme".into(), "r-1".into()),
                pages: Vec::new(),
            },
            machine: Fallback::new(Backoff::new(10, 2.0, 100, 0)),
            watch: ScrapeWatch::default(),
            socket: SocketView { wanted: true, ..SocketView::default() },
            stream: None,
            answer: None,
            ends: 0,
        };
        play.server.append(Some(ScrapeProgress { total: Some(PAGES), ..ScrapeProgress::of("r-1".into()) }));
        let scope = if seed.is_multiple_of(2) { Scope::All } else { Scope::Run("r-1".into()) };
        play.tell(StreamInput::Want(scope));
        play.fetch();
        play
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.next_u64().is_multiple_of(one_in)
    }

    fn tell(&mut self, input: StreamInput<'_>) {
        let mut out = Vec::new();
        self.machine.handle(input, self.now, 0.5, &mut out);
        for output in out {
            match output {
                StreamOutput::Open { generation, after, .. } => {
                    assert!(self.stream.is_none(), "two streams for one scope");
                    assert!(!self.socket.connected, "a stream beside a socket that works");
                    let from = after.unwrap_or(self.server.head()) + 1;
                    self.stream = Some((generation, (from..=self.server.head()).collect(), false));
                }
                StreamOutput::Close { generation } => {
                    assert_eq!(self.stream.take().map(|stream| stream.0), Some(generation));
                }
                StreamOutput::Frame(envelope) => self.hand_out(&envelope),
                StreamOutput::Refetch(_) => self.fetch(),
                StreamOutput::Undecodable { .. } => panic!("{output:?}"),
                StreamOutput::Status => {}
            }
        }
    }

    fn hand_out(&mut self, envelope: &Envelope) {
        let Frame::ScrapeProgress(progress) = &envelope.frame else { return };
        let seen = self.watch.frame(envelope.seq, progress, Timestamp::from_millis(0));
        self.see(&seen);
    }

    fn see(&mut self, seen: &Seen) {
        match seen {
            Seen::Ended(_) => self.ends += 1,
            Seen::Fetch => self.fetch(),
            Seen::Changed | Seen::Nothing => {}
        }
    }

    fn fetch(&mut self) {
        self.watch.asked();
        self.answer = Some(self.server.snapshot());
    }

    fn answer(&mut self) {
        let Some(snapshot) = self.answer.take() else { return };
        let ended = snapshot.summary.phase.is_final();
        let known = |scope| StreamInput::Known { scope, seq: snapshot.seq, ended };
        self.tell(known(Scope::All));
        self.tell(known(Scope::Run("r-1".into())));
        let seen = self.watch.answered(snapshot.clone());
        self.see(&seen);
    }

    /// The socket brings the next frame after its cursor.
    fn socket_brings(&mut self) {
        let Some(cursor) = self.socket.cursor.filter(|cursor| *cursor < self.server.head()) else { return };
        self.socket.cursor = Some(cursor + 1);
        if let Some(envelope) = self.server.at(cursor + 1)
            && self.machine.admit(&envelope)
        {
            self.hand_out(&envelope);
        }
        self.tell(StreamInput::Socket(self.socket));
    }

    fn stream_brings(&mut self) {
        let Some((generation, waiting, is_open)) = &mut self.stream else { return };
        let generation = *generation;
        if !*is_open {
            *is_open = true;
            return self.tell(StreamInput::Opened { generation });
        }
        let Some(seq) = waiting.pop_front() else { return };
        if let Some(envelope) = self.server.at(seq) {
            let (id, text) = (seq.to_string(), envelope.encode().unwrap());
            self.tell(StreamInput::Event { generation, id: &id, text: &text });
        }
    }

    /// The socket comes, goes, or fails for the third time.
    fn socket_changes(&mut self) {
        if self.socket.connected {
            self.socket.connected = false;
        } else if self.chance(2) {
            // A first connection begins at the head; a later one resumes.
            let first = self.socket.cursor.is_none();
            self.socket.cursor.get_or_insert(self.server.head());
            self.socket = SocketView { connected: true, fallback: false, ..self.socket };
            if first {
                self.fetch();
            }
        } else {
            self.socket.fallback = true;
        }
        self.tell(StreamInput::Socket(self.socket));
    }

    fn step(&mut self) {
        match self.rng.next_u64() % 12 {
            0 => self.socket_changes(),
            1 if self.chance(3) => {
                if let Some((generation, ..)) = self.stream {
                    self.tell(StreamInput::Failed { generation });
                }
            }
            2 => self.answer(),
            3 => {
                self.now = self.now.after(self.rng.next_u64() % 50);
                self.tell(StreamInput::Timer);
            }
            4..=7 => self.socket_brings(),
            _ => self.stream_brings(),
        }
    }

    fn work(&mut self) {
        let done = self.server.pages.len() as u64;
        if self.chance(3) {
            self.append(None);
        }
        if done < PAGES {
            let mut progress = ScrapeProgress::of("r-1".into());
            progress.platform = Some("a.test".into());
            progress.current = Some(done + 1);
            progress.pages = vec![ScrapedPage::of(format!("https://a.test/{done}"))];
            self.append(Some(progress));
        } else if !self.server.summary.phase.is_final() {
            let phase = Some(ScrapePhase::Completed);
            let progress = ScrapeProgress { phase, current: Some(PAGES), ..ScrapeProgress::of("r-1".into()) };
            self.append(Some(progress));
        }
    }

    fn append(&mut self, progress: Option<ScrapeProgress>) {
        self.server.append(progress);
        let head = self.server.head();
        if let Some((_, waiting, _)) = &mut self.stream {
            waiting.push_back(head);
        }
    }
}

fn play(seed: u64) {
    let mut play = Play::new(seed);
    for _ in 0..400 {
        if play.chance(4) {
            play.work();
        }
        play.step();
    }
    while !play.server.summary.phase.is_final() {
        play.work();
        play.step();
    }
    // In the end the socket is back, as a server's always is some day, and everything that is under way arrives.
    while !play.socket.connected {
        play.socket_changes();
    }
    while play.socket.cursor != Some(play.server.head()) || play.answer.is_some() || play.stream.is_some() {
        play.socket_brings();
        play.answer();
        play.now = play.now.after(50);
        play.tell(StreamInput::Timer);
    }
    let run = play.watch.run().expect("a snapshot came");
    assert_eq!(run.summary().phase, ScrapePhase::Completed, "seed {seed}");
    assert_eq!(run.summary().current, PAGES, "seed {seed}");
    let pages: Vec<_> = run.pages().iter().map(|page| page.url.clone()).collect();
    let once: BTreeSet<_> = pages.iter().collect();
    assert_eq!((pages.len() as u64, once.len() as u64), (PAGES, PAGES), "seed {seed}: {pages:?}");
    assert_eq!(play.ends, 1, "seed {seed}: the end is told once");
}

#[test]
fn in_two_thousand_interleavings_each_page_is_there_once_and_the_end_is_told_once() {
    (0..2_000).for_each(play);
}
