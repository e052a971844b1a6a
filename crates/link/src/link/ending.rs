//! The one way out of a connection, whatever ended it.

use std::time::Duration;

use switchboard_protocol::close::{self, CloseAction};

use super::{Link, Phase, Turn, connection::Proof};
use crate::{Access, LinkError, LinkState, Moment, Output};

/// So many failed connections in a row make another transport take over.
const FAILURES_TO_FALLBACK: u32 = 3;
/// The shortest wait between tries while the platform says that there is no network.
const OFFLINE_RETRY_MS: u64 = 10_000;
/// The link found the connection dead or too slow, and closes it. Pages may close with 1000 and 3000 to 4999 only,
/// and 4000 to 4999 are for private use (RFC 6455, section 7.4.2).
const CLOSE_GIVEN_UP: u16 = 4000;
/// The link replaces the connection by another.
pub(crate) const CLOSE_REPLACED: u16 = 4001;
/// The link lost frames, and comes back for them.
const CLOSE_GAP: u16 = 4002;

/// A person drops the connection, to watch it recover.
const CLOSE_DROPPED: u16 = 4003;

/// Why a connection, or the wish for one, ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// Nobody wants it any more.
    Disconnected,
    /// Another is to take its place at once.
    Replaced,
    /// The server or the network closed it.
    Closed { code: u16, reason: String },
    /// It could not be opened, or broke.
    Failed(String),
    /// It did not open in time.
    TimedOut,
    /// Nothing was heard of it in time.
    DeadPeer { probed: bool },
    /// Nothing came on it for too long, and nobody can be asked.
    Silent { silent_ms: u64, missed: bool },
    /// Frames were lost on it.
    Gap { delivered: u64, received: u64 },
    /// A person dropped it, to watch it recover.
    Dropped,
}

/// What follows an ending.
enum Next {
    Nothing,
    Stop(LinkError),
    Retry { error: LinkError, after_ms: u64, not_before_ms: u64 },
}

impl<A: Access> Link<A> {
    pub(super) fn failed(&mut self, generation: u32, error: String, turn: &mut Turn<'_, A>) {
        if self.is_live(generation) {
            self.end(Ending::Failed(error), turn);
        }
    }

    pub(super) fn closed(&mut self, generation: u32, code: u16, reason: String, turn: &mut Turn<'_, A>) {
        if self.is_live(generation) {
            self.end(Ending::Closed { code, reason }, turn);
        } else if generation == self.generation {
            self.explained(code, reason, turn);
        }
    }

    pub(super) fn drop_socket(&mut self, turn: &mut Turn<'_, A>) {
        if matches!(self.phase, Phase::Opening { .. } | Phase::Open(_)) {
            self.end(Ending::Dropped, turn);
        }
    }

    fn is_live(&self, generation: u32) -> bool {
        generation == self.generation && matches!(self.phase, Phase::Opening { .. } | Phase::Open(_))
    }

    /// A socket that broke, and was counted, says with which code. That is no second ending, but a refusal or a
    /// wish to wait still counts.
    fn explained(&mut self, code: u16, reason: String, turn: &mut Turn<'_, A>) {
        let Phase::Waiting { at, not_before, unexplained } = &mut self.phase else { return };
        if !std::mem::take(unexplained) {
            return;
        }
        match close::action(code, &reason) {
            CloseAction::Reconnect => {}
            CloseAction::ReconnectAfter(wait) => {
                *not_before = turn.now.monotonic_ms.saturating_add(milliseconds(wait));
                *at = (*at).max(*not_before);
                self.note_retry(turn.now);
            }
            CloseAction::Stop if self.token_changed => {}
            CloseAction::Stop => self.stop(LinkError::HandshakeRefused { code, reason }, turn.now),
        }
    }

    /// Ends whatever there is: an open socket, one that is opening, or a retry that is due.
    pub(super) fn end(&mut self, ending: Ending, turn: &mut Turn<'_, A>) {
        let phase = std::mem::replace(&mut self.phase, Phase::Idle);
        if matches!(phase, Phase::Opening { .. } | Phase::Open(_)) {
            if let Some((code, reason)) = ending.close_code() {
                turn.out.push(Output::Close { generation: self.generation, code, reason });
            }
            self.leave(&phase, &ending, turn.now);
        }
        self.status.next_retry_at = None;
        match self.next(&phase, ending, turn) {
            Next::Nothing => self.set_state(LinkState::Disconnected, turn.now),
            Next::Stop(error) => self.stop(error, turn.now),
            Next::Retry { error, after_ms, .. } if !self.may_replace(&error, after_ms) => {
                self.status.last_error = Some(error);
                self.set_state(LinkState::Disconnected, turn.now);
            }
            Next::Retry { error, after_ms: 0, .. } => {
                self.status.last_error = Some(error);
                self.open(turn);
            }
            Next::Retry { error, after_ms, not_before_ms } => {
                let unexplained = matches!(error, LinkError::Failed(_));
                self.status.last_error = Some(error);
                let now = turn.now.monotonic_ms;
                let not_before = now.saturating_add(not_before_ms);
                self.phase = Phase::Waiting { at: now.saturating_add(after_ms), not_before, unexplained };
                self.set_state(LinkState::Disconnected, turn.now);
                self.note_retry(turn.now);
            }
        }
    }

    /// Whether another connection may follow: without reconnecting only one that renews at once what was not lost.
    fn may_replace(&self, error: &LinkError, after_ms: u64) -> bool {
        self.options.reconnect || (after_ms == 0 && error.is_no_loss())
    }

    /// Forgets what belonged to the connection, and keeps what the next one needs.
    fn leave(&mut self, phase: &Phase, ending: &Ending, now: Moment) {
        self.refetch_due |= self.cursor.connection_ended();
        self.note_place();
        self.subscriptions.connection_ended();
        self.status.connection_id = None;
        if let Phase::Open(connection) = phase {
            let opened_at = connection.opened_at.wall_ms;
            let stale_since = match ending {
                // It was dead before anybody noticed: what it last said was the last that could be trusted.
                Ending::DeadPeer { .. } | Ending::Silent { .. } => {
                    self.status.last_message_at.filter(|heard| *heard >= opened_at).unwrap_or(opened_at)
                }
                _ => now.wall_ms,
            };
            self.status.stale_since.get_or_insert(stale_since);
        }
    }

    /// Decides what follows.
    fn next(&mut self, phase: &Phase, ending: Ending, turn: &Turn<'_, A>) -> Next {
        let (error, wait_ms, at_once) = match ending {
            Ending::Disconnected | Ending::Replaced => return Next::Nothing,
            Ending::Closed { code, reason } => match close::action(code, &reason) {
                CloseAction::Stop if !self.token_changed => {
                    self.count_failure(phase, false);
                    return Next::Stop(LinkError::HandshakeRefused { code, reason });
                }
                // The refused token has been replaced meanwhile.
                CloseAction::Stop => (LinkError::Closed { code, reason }, 0, true),
                CloseAction::Reconnect => (LinkError::Closed { code, reason }, 0, false),
                CloseAction::ReconnectAfter(wait) => {
                    (LinkError::Closed { code, reason }, milliseconds(wait), false)
                }
            },
            Ending::Failed(error) => (LinkError::Failed(error), 0, false),
            Ending::TimedOut => (LinkError::TimedOut { after_ms: self.options.connect_timeout_ms }, 0, false),
            Ending::DeadPeer { probed } => (LinkError::DeadPeer, 0, probed),
            Ending::Silent { silent_ms, missed } => {
                (LinkError::Silent { seconds: silent_ms / 1_000, missed }, 0, !missed)
            }
            Ending::Dropped => (LinkError::Dropped, 0, false),
            Ending::Gap { delivered, received } => {
                return self.next_after_gap(LinkError::Gap { delivered, received }, turn);
            }
        };
        let dead = matches!(error, LinkError::DeadPeer | LinkError::Silent { missed: true, .. });
        let counted = self.count_failure(phase, dead);
        let attempts = self.status.attempt;
        if self.options.reconnect
            && counted
            && self.options.backoff.max_attempts.is_some_and(|max| attempts >= max)
        {
            return Next::Stop(LinkError::GaveUp { attempts, last: Box::new(error) });
        }
        let after_ms = if self.offline {
            // Nothing is to be expected of a retry, except where the server is on this machine.
            self.offline_retry_ms()
        } else if at_once {
            0
        } else {
            let delay_ms = self.options.backoff.delay_ms(self.retries, turn.random);
            self.retries = self.retries.saturating_add(1);
            // On top of what the server asked for, so that all whom it told to wait do not return together.
            delay_ms.max(1).saturating_add(wait_ms)
        };
        Next::Retry { error, after_ms: after_ms.max(wait_ms), not_before_ms: wait_ms }
    }

    /// A gap is repaired at once; where repairs do not help, the server must not be asked without end.
    fn next_after_gap(&mut self, error: LinkError, turn: &Turn<'_, A>) -> Next {
        let delay_ms = self
            .gaps_in_a_row
            .checked_sub(1)
            .map_or(0, |repeated| self.options.backoff.delay_ms(repeated, turn.random).max(1));
        self.gaps_in_a_row = self.gaps_in_a_row.saturating_add(1);
        Next::Retry { error, after_ms: delay_ms, not_before_ms: 0 }
    }

    /// Counts a connection that failed; `false` if it counts for nothing: it had proven itself and was no dead
    /// one, or there is no network.
    fn count_failure(&mut self, phase: &Phase, dead: bool) -> bool {
        let proof = match phase {
            Phase::Open(connection) => connection.proof,
            _ => Proof::None,
        };
        match proof {
            Proof::ByFrame | Proof::ByTime { .. } if !dead => return false,
            // Staying open was its only proof, and that is refuted.
            Proof::ByTime { attempt, retries } => {
                self.status.attempt = attempt;
                self.retries = retries;
            }
            Proof::None | Proof::ByFrame => {}
        }
        self.stats.failures = self.stats.failures.saturating_add(1);
        if self.offline {
            return false;
        }
        self.status.attempt = self.status.attempt.saturating_add(1);
        self.status.fallback_active |= self.status.attempt >= FAILURES_TO_FALLBACK;
        true
    }

    /// How long to wait between tries while the platform says that there is no network.
    pub(super) fn offline_retry_ms(&self) -> u64 {
        self.options.backoff.cap_ms.max(OFFLINE_RETRY_MS)
    }

    fn stop(&mut self, error: LinkError, now: Moment) {
        self.phase = Phase::Stopped;
        self.status.next_retry_at = None;
        self.status.last_error = Some(error);
        self.set_state(LinkState::Error, now);
    }

    /// Copies into the status when the retry is due.
    pub(super) fn note_retry(&mut self, now: Moment) {
        if let Phase::Waiting { at, .. } = &self.phase {
            self.status.next_retry_at = Some(now.after(at.saturating_sub(now.monotonic_ms)));
            self.status_changed = true;
        }
    }
}

impl Ending {
    /// With what to close the socket; `None` where it has closed itself.
    fn close_code(&self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::Disconnected => (close::NORMAL, "disconnected"),
            Self::Replaced => (CLOSE_REPLACED, "replaced by a new connection"),
            Self::Failed(_) => (CLOSE_GIVEN_UP, "the connection failed"),
            Self::TimedOut => (CLOSE_GIVEN_UP, "the connection took too long to open"),
            Self::DeadPeer { .. } => (CLOSE_GIVEN_UP, "no answer to a ping"),
            Self::Silent { .. } => (CLOSE_GIVEN_UP, "nothing was heard for too long"),
            Self::Gap { .. } => (CLOSE_GAP, "frames were lost; resuming"),
            Self::Dropped => (CLOSE_DROPPED, "dropped on purpose"),
            Self::Closed { .. } => return None,
        })
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
