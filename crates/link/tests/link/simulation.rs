//! A log server with faults: whatever happened, once the server is healthy the link ends connected, and whoever
//! follows it has every event, none of them twice.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use switchboard_link::{Input, LinkOptions, LinkState, Output, RefetchReason};
use switchboard_protocol::{ClientFrame, Frame};

use crate::player::Player;

/// One organization's log, and the one connection that reads it.
struct Server {
    epoch: u32,
    /// The numbers of the events that the client may see; the others are for others.
    visible: BTreeSet<u64>,
    head: u64,
    /// What retention has deleted.
    deleted_to: u64,
    connection: Option<Connection>,
    /// What has been sent and not yet received.
    wire: VecDeque<String>,
    /// What happens to the next frame.
    next_fault: Option<Fault>,
    refuses: bool,
    swallows: bool,
    /// Events whose frame was made unreadable: these a client may miss.
    excused: BTreeSet<(u32, u64)>,
}

struct Connection {
    cursor: u64,
    delivered: u64,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Lose,
    Repeat,
    Spoil,
}

impl Server {
    fn new() -> Self {
        Self {
            epoch: 1,
            visible: BTreeSet::new(),
            head: 0,
            deleted_to: 0,
            connection: None,
            wire: VecDeque::new(),
            next_fault: None,
            refuses: false,
            swallows: false,
            excused: BTreeSet::new(),
        }
    }

    fn append(&mut self, visible: bool) {
        self.head += 1;
        if visible {
            self.visible.insert(self.head);
        }
        self.pump();
    }

    fn hang_up(&mut self) {
        self.connection = None;
        self.wire.clear();
    }

    fn receive(&mut self, text: &str) {
        match ClientFrame::decode(text).expect("a client sends valid frames") {
            ClientFrame::Handshake(handshake) => {
                let (epoch, head) = (format!("epoch-{}", self.epoch), self.head);
                self.wire.push_back(format!(r#"{{"type":"connection_ack","epoch":"{epoch}","seq":{head}}}"#));
                let mut cursor = head;
                if let Some(resume) = handshake.resume {
                    let answer = if resume.epoch != epoch {
                        r#"{"type":"resync","reason":"epoch-changed"}"#.to_owned()
                    } else if resume.seq < self.deleted_to {
                        r#"{"type":"resync","reason":"too-old"}"#.to_owned()
                    } else {
                        cursor = resume.seq;
                        format!(r#"{{"type":"resumed","from":{},"to":{head}}}"#, cursor + 1)
                    };
                    self.wire.push_back(answer);
                }
                self.connection = Some(Connection { cursor, delivered: 0 });
                self.pump();
            }
            ClientFrame::Ping => {
                if let Some(Connection { cursor, delivered }) = &self.connection {
                    self.wire
                        .push_back(format!(r#"{{"type":"pong","seq":{cursor},"delivered":{delivered}}}"#));
                }
            }
            ClientFrame::Subscribe(_) | ClientFrame::Unsubscribe(_) | ClientFrame::Unknown(_) => {}
        }
    }

    /// Sends what the connection has not had.
    fn pump(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        for seq in self.visible.range(connection.cursor + 1..) {
            let id = format!("{}/{seq}", self.epoch);
            let frame = format!(
                r#"{{"seq":{seq},"type":"event","executionId":"e-1","event":{{"id":"{id}","type":"log"}}}}"#
            );
            connection.delivered += 1;
            match self.next_fault.take() {
                None => self.wire.push_back(frame),
                Some(Fault::Lose) => {}
                Some(Fault::Repeat) => {
                    connection.delivered += 1;
                    self.wire.push_back(frame.clone());
                    self.wire.push_back(frame);
                }
                Some(Fault::Spoil) => {
                    self.excused.insert((self.epoch, *seq));
                    self.wire.push_back(frame[..frame.len() / 2].to_owned());
                }
            }
        }
        connection.cursor = self.head;
    }
}

/// Whoever follows a link: it has what it last fetched, and every frame since.
#[derive(Default)]
struct Follower {
    has: BTreeSet<(u32, u64)>,
    delivered: BTreeSet<(u32, u64)>,
    last: Option<(u32, u64)>,
    began: bool,
    told_of_gap: bool,
}

impl Follower {
    fn fetch(&mut self, server: &Server) {
        self.has = server.visible.iter().map(|seq| (server.epoch, *seq)).collect();
    }

    fn frame(&mut self, id: &str, seq: u64) {
        let (epoch, number) = id.split_once('/').expect("an id as the server writes it");
        let event = (epoch.parse().unwrap(), number.parse().unwrap());
        assert_eq!(event.1, seq);
        assert!(self.delivered.insert(event), "{event:?} was delivered twice");
        if self.last.is_some_and(|last| event < last) {
            assert!(self.told_of_gap, "{event:?} came after {:?} without a word", self.last);
        }
        self.last = Some(event);
        self.has.insert(event);
    }
}

struct World {
    player: Player,
    server: Server,
    follower: Follower,
}

impl World {
    fn new() -> Self {
        let player = Player::connecting(LinkOptions::default());
        let mut world = Self { player, server: Server::new(), follower: Follower::default() };
        world.settle();
        world.answer_the_door();
        world.deliver(usize::MAX, false);
        world
    }

    /// Carries out what the link asks for, until it asks for nothing.
    fn settle(&mut self) {
        loop {
            let outputs = self.player.take().0;
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                match output {
                    Output::Open { .. } => {
                        self.server.hang_up();
                        self.follower.told_of_gap = false;
                    }
                    Output::Close { .. } => self.server.hang_up(),
                    Output::Send { text, .. } => self.server.receive(&text),
                    Output::Refetch(reason) => {
                        self.follower.told_of_gap |= reason == RefetchReason::Gap;
                        self.follower.fetch(&self.server);
                    }
                    Output::Frame(envelope) => {
                        let Frame::ExecutionEvent(frame) = &envelope.frame else { panic!("another frame") };
                        let id = frame.event.id.as_ref().unwrap().as_str();
                        self.follower.frame(id, envelope.seq.unwrap());
                    }
                    Output::Status
                        if !self.follower.began
                            && self.player.link.status().state == LinkState::Connected =>
                    {
                        self.follower.began = true;
                        self.follower.fetch(&self.server);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Opens what waits to be opened, or refuses it.
    fn answer_the_door(&mut self) {
        if self.player.socket.is_some() && self.server.connection.is_none() {
            if self.server.refuses {
                self.player.fail();
            } else {
                self.player.open();
            }
            self.settle();
        }
    }

    /// Hands over up to `count` frames, each by itself or all in one message.
    fn deliver(&mut self, count: usize, batched: bool) {
        if self.server.swallows || self.server.connection.is_none() {
            return;
        }
        let count = count.min(self.server.wire.len());
        let frames: Vec<String> = self.server.wire.drain(..count).collect();
        if batched && !frames.is_empty() {
            self.player.text(&frames.join("\n"));
            self.settle();
        } else {
            let generation = self.player.generation;
            for text in &frames {
                self.player.give(Input::Message { generation, text });
                self.settle();
            }
        }
    }

    fn drop_connection(&mut self) {
        self.server.hang_up();
        if self.player.socket.is_some() {
            self.player.close(1006, "");
            self.settle();
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.player.wait(milliseconds);
        self.settle();
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Append(visible) => self.server.append(visible),
            Step::Deliver(count, batched) => self.deliver(count, batched),
            Step::Fault(fault) => self.server.next_fault = Some(fault),
            Step::Drop => self.drop_connection(),
            Step::Retention => {
                // The client's unproven frames are older than what is kept.
                self.server.deleted_to = self.server.head;
            }
            Step::NewLog => {
                self.drop_connection();
                self.server.epoch += 1;
                self.server.head = 0;
                self.server.deleted_to = 0;
                self.server.visible.clear();
            }
            Step::Wait(milliseconds) => self.wait(milliseconds),
            Step::Refuse(refuses) => self.server.refuses = refuses,
            Step::Swallow(swallows) => self.server.swallows = swallows,
            Step::Visible => self.player.give(Input::Visible),
            Step::Reconnect => self.player.give(Input::Reconnect),
            Step::Offline => self.player.give(Input::Offline),
            Step::Online => self.player.give(Input::Online),
            Step::Sleep => self.player.sleep(60_000),
        }
        self.settle();
        if !self.server.swallows {
            self.answer_the_door();
        }
    }

    /// Heals everything, lets events come for a while, and checks what the follower has.
    fn end_well(&mut self) {
        self.server.refuses = false;
        self.server.swallows = false;
        self.server.next_fault = None;
        self.player.give(Input::Online);
        for round in 0..3_000 {
            if round % 100 == 0 && round < 2_000 {
                self.server.append(true);
            }
            self.wait(100);
            self.answer_the_door();
            self.deliver(usize::MAX, round % 2 == 0);
        }
        assert_eq!(self.player.state(), LinkState::Connected);
        let missing: Vec<_> = self
            .server
            .visible
            .iter()
            .map(|seq| (self.server.epoch, *seq))
            .filter(|event| !self.follower.has.contains(event) && !self.server.excused.contains(event))
            .collect();
        assert!(missing.is_empty(), "never came: {missing:?}; {:?}", self.player.link.stats());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(bool),
    Deliver(usize, bool),
    Fault(Fault),
    Drop,
    Retention,
    NewLog,
    Wait(u64),
    Refuse(bool),
    Swallow(bool),
    Visible,
    Reconnect,
    Offline,
    Online,
    Sleep,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::bool::weighted(0.7).prop_map(Step::Append),
        12 => (1..6_usize, any::<bool>()).prop_map(|(count, batched)| Step::Deliver(count, batched)),
        4 => prop::sample::select(vec![Fault::Lose, Fault::Repeat, Fault::Spoil]).prop_map(Step::Fault),
        3 => Just(Step::Drop),
        1 => Just(Step::Retention),
        1 => Just(Step::NewLog),
        6 => (0..30_000_u64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Swallow),
        1 => Just(Step::Visible),
        1 => Just(Step::Reconnect),
        1 => Just(Step::Offline),
        1 => Just(Step::Online),
        1 => Just(Step::Sleep),
    ]
}

proptest! {
    #[test]
    fn after_any_faults_every_event_is_there_once(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in &steps {
            world.play(step);
        }
        world.end_well();
    }
}

/// The simulation must be able to see a loss, or it proves nothing.
#[test]
fn a_lost_frame_is_noticed_and_comes_after_all() {
    let mut world = World::new();
    world.play(&Step::Append(true));
    world.play(&Step::Deliver(9, false));
    world.play(&Step::Fault(Fault::Lose));
    world.play(&Step::Append(true));
    world.play(&Step::Append(true));
    world.play(&Step::Deliver(9, false));
    assert_eq!(world.follower.delivered.len(), 2);
    world.end_well();
    assert_eq!(world.player.link.stats().gaps, 1);
    assert!(world.follower.delivered.contains(&(1, 2)));
}

#[test]
fn in_good_weather_nothing_is_refetched_or_repeated() {
    let mut world = World::new();
    world.end_well();
    let stats = world.player.link.stats();
    assert_eq!((stats.connections, stats.duplicates, stats.gaps, stats.resyncs), (1, 0, 0, 0));
    assert_eq!(stats.sequenced, 20);
}
