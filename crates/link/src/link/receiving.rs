//! What comes on an open connection.

use switchboard_protocol::{
    Control, DecodeError, Envelope, Frame, Pong, Resumed, ResyncReason, Subscribed, decode, frame_texts,
};

use super::{
    Link, Phase, Turn,
    connection::{Connection, Life, Proof, Resuming, Server},
    ending::Ending,
};
use crate::{
    Access, Output, RefetchReason,
    cursor::{Arrival, Count},
    event::{Event, read_event},
};

/// How many characters of an unreadable frame are shown.
const EXCERPT_CHARACTERS: usize = 200;
/// How many unreadable frames of one message are shown. All are counted; a message of a million broken lines
/// must not become a million outputs.
const UNDECODABLE_SHOWN: u64 = 16;

impl<A: Access> Link<A> {
    pub(super) fn message(&mut self, generation: u32, text: &str, turn: &mut Turn<'_, A>) {
        if !self.accepts(generation, text.len(), turn) {
            return;
        }
        let mut unreadable = 0;
        for frame in frame_texts(text) {
            let read = if A::LISTENS {
                read_event(frame).map(|event| self.event(event, turn))
            } else {
                decode(frame).map(|envelope| self.frame(envelope, turn))
            };
            if let Err(error) = read {
                unreadable += 1;
                self.undecodable(error, frame, unreadable <= UNDECODABLE_SHOWN, turn);
            }
            if !matches!(self.phase, Phase::Open(_)) {
                // A frame ended the connection. The ones after it are resumed on the next.
                return;
            }
        }
    }

    pub(super) fn binary_message(&mut self, generation: u32, bytes: &[u8], turn: &mut Turn<'_, A>) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.message(generation, text, turn),
            Err(error) => {
                if self.accepts(generation, bytes.len(), turn) {
                    let error = DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() };
                    let beginning = bytes.get(..bytes.len().min(EXCERPT_CHARACTERS)).unwrap_or_default();
                    self.undecodable(error, &String::from_utf8_lossy(beginning), true, turn);
                }
            }
        }
    }

    /// Counts a message, if it is one of the live socket.
    fn accepts(&mut self, generation: u32, bytes: usize, turn: &mut Turn<'_, A>) -> bool {
        if generation != self.generation {
            return false;
        }
        if matches!(self.phase, Phase::Opening { .. }) {
            // Not every platform tells of the opening; a message does.
            self.begin(turn);
        }
        let Phase::Open(connection) = &mut self.phase else { return false };
        connection.life.heard(turn.now.monotonic_ms);
        self.status.last_message_at = Some(turn.now.wall_ms);
        self.stats.messages = self.stats.messages.saturating_add(1);
        self.stats.bytes = self.stats.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        true
    }

    fn undecodable(&mut self, error: DecodeError, text: &str, shown: bool, turn: &mut Turn<'_, A>) {
        self.stats.undecodable = self.stats.undecodable.saturating_add(1);
        self.cursor.unreadable();
        if shown {
            let excerpt = text.chars().take(EXCERPT_CHARACTERS).collect();
            turn.out.push(Output::Undecodable { error, excerpt });
        }
    }

    fn frame(&mut self, envelope: Envelope, turn: &mut Turn<'_, A>) {
        self.stats.frames = self.stats.frames.saturating_add(1);
        self.prove_by_frame(turn);
        match envelope.frame {
            Frame::Control(control) => self.control(control, turn),
            _ => self.data(envelope, turn),
        }
    }

    fn prove_by_frame(&mut self, turn: &mut Turn<'_, A>) {
        if let Phase::Open(connection) = &self.phase
            && connection.proof != Proof::ByFrame
        {
            self.prove(true, turn);
        }
    }

    /// A daemon says something. Each object with a kind is an event, also one that a hub would mean for the connection itself, and
    /// a number in it is the daemon's own and no place in a log.
    fn event(&mut self, event: Event, turn: &mut Turn<'_, A>) {
        self.stats.frames = self.stats.frames.saturating_add(1);
        self.prove_by_frame(turn);
        if let Phase::Open(Connection { life: Life::Silence(silence), .. }) = &mut self.phase
            && let Some((agent, sign)) = &event.sign
        {
            silence.sign(agent, *sign, turn.now.monotonic_ms);
        }
        turn.out.push(Output::Frame(Envelope::unsequenced(Frame::Unknown(event.frame))));
    }

    fn data(&mut self, envelope: Envelope, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        if !connection.acked && !std::mem::replace(&mut connection.saw_data_before_ack, true) {
            connection.resuming = Resuming::No;
            let unsettled = connection.server == Server::Unknown;
            self.cursor.forget();
            self.note_place();
            if unsettled {
                self.settle_without_log(turn);
            }
        }
        if matches!(envelope.frame, Frame::Unknown(_)) {
            self.stats.unknown = self.stats.unknown.saturating_add(1);
        }
        if let Some(seq) = envelope.seq {
            self.stats.sequenced = self.stats.sequenced.saturating_add(1);
            if !self.sequenced(seq, turn) {
                self.stats.duplicates = self.stats.duplicates.saturating_add(1);
                return;
            }
        }
        turn.out.push(Output::Frame(envelope));
    }

    /// Takes note of a number; `false` if its frame has come before.
    fn sequenced(&mut self, seq: u64, turn: &mut Turn<'_, A>) -> bool {
        let Phase::Open(connection) = &mut self.phase else { return false };
        if let Resuming::Acked { head } = connection.resuming {
            // The server began without saying where. A number in its past shows that it replays; any other that
            // it does not, and what lies between the cursor and the head at the ack is lost.
            if head.is_some_and(|head| seq <= head) {
                self.resumed_from(None, turn);
            } else {
                self.not_resumed(head, turn);
            }
        }
        let arrival = self.cursor.arrive(seq);
        self.status.cursor = self.cursor.high();
        match arrival {
            Arrival::Duplicate => return false,
            Arrival::New => {}
            Arrival::Late => self.repairs(turn),
        }
        if self.cursor.wants_proof()
            && let Phase::Open(connection) = &mut self.phase
            && connection.server == Server::Log
            && connection.pings().is_some_and(|heartbeat| !heartbeat.awaits_pong())
        {
            self.ping(turn);
        }
        true
    }

    /// A frame comes that had been missed. Whoever folds events in order can't use it any more, so what is shown
    /// must be refetched; whoever handles each by itself gets it.
    fn repairs(&mut self, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        if !std::mem::replace(&mut connection.repaired, true) {
            self.continuity_ended(RefetchReason::Gap, turn);
            self.settle_with_log(turn);
        }
    }

    fn control(&mut self, control: Control, turn: &mut Turn<'_, A>) {
        turn.out.push(Output::Control(control.clone()));
        match control {
            Control::ConnectionAck(ack) => self.acked(ack, turn),
            Control::Pong(pong) => self.pong(pong, turn),
            Control::Resumed(resumed) => self.resumed(resumed, turn),
            Control::Resync(resync) => self.server_resyncs(resync.reason, turn),
            Control::Subscribed(subscribed) => self.subscribed(subscribed, turn),
        }
    }

    fn pong(&mut self, pong: Pong, turn: &mut Turn<'_, A>) {
        self.stats.pongs = self.stats.pongs.saturating_add(1);
        let Phase::Open(connection) = &mut self.phase else { return };
        let heartbeat = connection.pings();
        if let Some(round_trip_ms) = heartbeat.and_then(|pings| pings.ponged(turn.now.monotonic_ms)) {
            self.stats.round_trip_ms = Some(round_trip_ms);
            self.stats.round_trips = self.stats.round_trips.saturating_add(1);
        }
        match connection.server {
            Server::Unknown => return self.settle_without_log(turn),
            Server::Plain => return,
            Server::Log => {}
        }
        if let Resuming::Acked { head } = connection.resuming {
            self.not_resumed(head, turn);
        }
        match self.cursor.pong(pong) {
            Count::Whole => {
                if pong.delivered.is_some() {
                    self.gaps_in_a_row = 0;
                }
                self.status.cursor = self.cursor.high();
            }
            Count::Gap { delivered, received } => {
                self.stats.gaps = self.stats.gaps.saturating_add(1);
                self.end(Ending::Gap { delivered, received }, turn);
            }
        }
    }

    fn resumed(&mut self, resumed: Resumed, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &self.phase else { return };
        if matches!(connection.resuming, Resuming::Acked { .. }) {
            self.resumed_from(Some(resumed.from), turn);
        }
    }

    /// The replay begins: at `from`, which must leave no hole after what is proven.
    fn resumed_from(&mut self, from: Option<u64>, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        connection.resuming = Resuming::No;
        let expected = self.cursor.proven().map_or(0, |proven| proven.saturating_add(1));
        match (from, self.cursor.epoch()) {
            (Some(from), Some(epoch)) if from > expected => {
                let epoch = epoch.to_owned();
                self.resync(
                    ResyncReason::Other("replay-leaves-hole".into()),
                    epoch,
                    from.checked_sub(1),
                    turn,
                );
            }
            _ => {
                self.stats.resumed = self.stats.resumed.saturating_add(1);
                self.settle_with_log(turn);
            }
        }
    }

    /// The server took a resume and passed over it.
    fn not_resumed(&mut self, head: Option<u64>, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        connection.resuming = Resuming::No;
        let Some(epoch) = self.cursor.epoch().map(str::to_owned) else { return };
        self.resync(ResyncReason::Other("resume-unanswered".into()), epoch, head, turn);
    }

    fn server_resyncs(&mut self, reason: ResyncReason, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        match std::mem::replace(&mut connection.resuming, Resuming::No) {
            // Refetched at the ack already.
            Resuming::Refused => {}
            Resuming::Acked { head } => {
                let Some(epoch) = self.cursor.epoch().map(str::to_owned) else { return };
                self.resync(reason, epoch, head, turn);
            }
            _ => self.resync_unasked(reason, turn),
        }
    }

    /// In the middle of a connection the server can't go on: for a reader, say, whom retention overtook.
    fn resync_unasked(&mut self, reason: ResyncReason, turn: &mut Turn<'_, A>) {
        self.stats.resyncs = self.stats.resyncs.saturating_add(1);
        if reason == ResyncReason::EpochChanged {
            self.cursor.forget();
        } else {
            self.cursor.lose_place();
        }
        self.continuity_ended(RefetchReason::Resync(reason), turn);
        self.settle_with_log(turn);
    }

    fn subscribed(&mut self, subscribed: Subscribed, turn: &mut Turn<'_, A>) {
        let Subscribed { execution_id, seq } = subscribed;
        if self.subscriptions.answered(&execution_id) {
            turn.out.push(Output::Subscribed { execution_id, seq });
        }
    }
}
