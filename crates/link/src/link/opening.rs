//! How a connection begins, and how it proves itself.

use switchboard_protocol::{ClientFrame, ConnectionAck, Handshake, ResyncReason};

use super::{
    Link, Phase, Turn,
    connection::{Connection, Proof, Resuming, Server},
};
use crate::{Access, LinkState, Output, RefetchReason};

impl<A: Access> Link<A> {
    /// Asks for a new socket. There must be none.
    pub(super) fn open(&mut self, turn: &mut Turn<'_, A>) {
        self.generation = self.generation.wrapping_add(1);
        self.last_open_at = Some(turn.now.monotonic_ms);
        let give_up_at = turn.now.monotonic_ms.saturating_add(self.options.connect_timeout_ms.max(1));
        self.phase = Phase::Opening { give_up_at, graced: false };
        self.status.next_retry_at = None;
        self.status.stale_since.get_or_insert(turn.now.wall_ms);
        self.set_state(LinkState::Connecting, turn.now);
        turn.out.push(Output::Open { generation: self.generation });
    }

    pub(super) fn opened(&mut self, generation: u32, turn: &mut Turn<'_, A>) {
        if generation == self.generation && matches!(self.phase, Phase::Opening { .. }) {
            self.begin(turn);
        }
    }

    /// The socket is open: hands are shaken, or it is listened to.
    pub(super) fn begin(&mut self, turn: &mut Turn<'_, A>) {
        self.stats.connections = self.stats.connections.saturating_add(1);
        if A::LISTENS { self.listen(turn) } else { self.shake_hands(turn) }
    }

    /// All that a daemon says of itself at first is that it takes the connection, so that makes it connected. What counts failures
    /// begins anew only by a frame, or by time: one that takes connections and drops them is a failure still.
    fn listen(&mut self, turn: &mut Turn<'_, A>) {
        self.phase = Phase::Open(Connection::listened_to(turn.now));
        self.status.stale_since = None;
        self.set_state(LinkState::Connected, turn.now);
    }

    /// Sends the handshake, before anything else.
    fn shake_hands(&mut self, turn: &mut Turn<'_, A>) {
        let resume = self.cursor.resume();
        self.phase = Phase::Open(Connection::new(turn.now, &self.options, resume.clone()));
        self.token_changed = false;
        let handshake = Handshake {
            token: self.options.token.clone(),
            organization_id: self.options.organization_id.clone(),
            resume,
            subscribe: self.subscriptions.announce_all(),
            batch: self.options.batch,
            binary: self.options.binary,
        };
        self.send(&ClientFrame::Handshake(handshake), turn);
    }

    /// The open connection has proven itself, by a frame or by time. All that counts failures begins anew.
    pub(super) fn prove(&mut self, by_frame: bool, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        let first = connection.proof == Proof::None;
        if let Some(heartbeat) = connection.pings().filter(|_| by_frame && first) {
            heartbeat.proven(turn.now.monotonic_ms);
        }
        connection.proof = if by_frame {
            Proof::ByFrame
        } else {
            Proof::ByTime { attempt: self.status.attempt, retries: self.retries }
        };
        if !first {
            return;
        }
        self.retries = 0;
        self.status.attempt = 0;
        self.status.fallback_active = false;
        self.status.last_error = None;
        self.status.stale_since = None;
        self.set_state(LinkState::Connected, turn.now);
    }

    /// The server was proven to be there, but not to keep a log: it is spoken to as to one that keeps none.
    pub(super) fn settle_without_log(&mut self, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        connection.server = Server::Plain;
        self.status.server_has_seq = false;
        self.status.live_from = None;
        self.status_changed = true;
        self.subscriptions.handshake_ignored();
        if std::mem::replace(&mut self.was_live, true) {
            self.continuity_ended(RefetchReason::NoSequence, turn);
        }
        for execution in self.subscriptions.to_announce() {
            self.announce(&execution, turn);
        }
    }

    /// The server takes the handshake.
    pub(super) fn acked(&mut self, ack: ConnectionAck, turn: &mut Turn<'_, A>) {
        let Phase::Open(connection) = &mut self.phase else { return };
        if std::mem::replace(&mut connection.acked, true) {
            return;
        }
        if let (Some(seconds), Some(heartbeat)) = (ack.heartbeat_seconds, connection.pings()) {
            heartbeat.set_interval_s(seconds, turn.now.monotonic_ms);
        }
        self.status.connection_id = ack.connection_id;
        self.status_changed = true;
        let Some(epoch) = ack.epoch else {
            let unsettled = connection.server == Server::Unknown;
            connection.resuming = Resuming::No;
            if !connection.saw_data_before_ack {
                self.cursor.forget();
                self.note_place();
            }
            if unsettled {
                self.settle_without_log(turn);
            }
            return;
        };
        connection.server = Server::Log;
        self.status.server_has_seq = true;
        let asked = std::mem::replace(&mut connection.resuming, Resuming::No);
        let behind = ack.seq < self.cursor.high();
        match asked {
            Resuming::Asked(resume) if resume.epoch != epoch => {
                connection.resuming = Resuming::Refused;
                self.resync(ResyncReason::EpochChanged, epoch, ack.seq, turn);
            }
            // A log that ends before what we have already seen was restored from a backup: the numbers after its
            // end will be given anew, to other frames.
            Resuming::Asked(_) if ack.seq.is_some() && behind => {
                connection.resuming = Resuming::Refused;
                self.resync(ResyncReason::Other("log-behind-cursor".into()), epoch, ack.seq, turn);
            }
            Resuming::Asked(_) => connection.resuming = Resuming::Acked { head: ack.seq },
            _ => self.start_log(epoch, ack.seq, turn),
        }
        for execution in self.subscriptions.to_retract() {
            self.retract(&execution, turn);
        }
        for execution in self.subscriptions.to_announce() {
            self.announce(&execution, turn);
        }
    }

    /// Live delivery begins after the log's head, without a past.
    fn start_log(&mut self, epoch: String, head: Option<u64>, turn: &mut Turn<'_, A>) {
        self.cursor.start(epoch, head);
        self.note_place();
        self.status.live_from = head;
        if self.was_live {
            let reason = if self.refetch_due { RefetchReason::Gap } else { RefetchReason::NoSequence };
            self.continuity_ended(reason, turn);
        }
        self.settle_with_log(turn);
    }

    /// The log can't be continued: live delivery begins after its head, and what is shown must be refetched.
    pub(super) fn resync(
        &mut self,
        reason: ResyncReason,
        epoch: String,
        head: Option<u64>,
        turn: &mut Turn<'_, A>,
    ) {
        self.stats.resyncs = self.stats.resyncs.saturating_add(1);
        self.cursor.start(epoch, head);
        self.continuity_ended(RefetchReason::Resync(reason), turn);
        self.settle_with_log(turn);
    }

    /// It is known where in the log the connection is.
    pub(super) fn settle_with_log(&mut self, turn: &mut Turn<'_, A>) {
        self.was_live = true;
        if self.refetch_due {
            self.continuity_ended(RefetchReason::Gap, turn);
        }
        for execution_id in self.subscriptions.take_now_live() {
            turn.out.push(Output::Subscribed { execution_id, seq: self.cursor.high() });
        }
    }
}
