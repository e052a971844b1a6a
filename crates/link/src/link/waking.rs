//! Time and the platform: timers, sleep, tabs that come back, networks that come and go.

use switchboard_protocol::ClientFrame;

use super::{
    Link, Phase, Turn,
    connection::{Life, Server},
    ending::Ending,
};
use crate::{
    Access,
    heartbeat::{Due, PROBE_LIMIT_MS},
};

/// However many reasons there are to try at once, attempts begin at least this far apart.
const RETRY_SPACING_MS: u64 = 1_000;

impl<A: Access> Link<A> {
    /// Does what has come due.
    pub(super) fn timer(&mut self, turn: &mut Turn<'_, A>) {
        let now = turn.now.monotonic_ms;
        match &mut self.phase {
            Phase::Opening { give_up_at, .. } if now >= *give_up_at => self.end(Ending::TimedOut, turn),
            Phase::Waiting { at, .. } if now >= *at => self.open(turn),
            Phase::Open(connection) => {
                let due = connection.life.due(now);
                match due {
                    Due::Dead { probed } => return self.end(Ending::DeadPeer { probed }, turn),
                    Due::Silent { silent_ms, missed } => {
                        return self.end(Ending::Silent { silent_ms, missed }, turn);
                    }
                    Due::Nothing | Due::Ping => {}
                }
                if connection.proves_at().is_some_and(|proves_at| now >= proves_at) {
                    let unsettled = connection.server == Server::Unknown;
                    self.prove(false, turn);
                    if unsettled {
                        self.settle_without_log(turn);
                    }
                }
                if due == Due::Ping {
                    self.ping(turn);
                }
            }
            _ => {}
        }
    }

    /// Time may have passed unnoticed, or the network may be another: whatever there is must show that it lives,
    /// and soon, and whatever waits need wait no longer.
    pub(super) fn woke(&mut self, turn: &mut Turn<'_, A>) {
        let now = turn.now.monotonic_ms;
        match &mut self.phase {
            Phase::Opening { give_up_at, graced } => {
                // Only once: where every timer comes late, as in hidden tabs, an attempt would never end.
                if !std::mem::replace(graced, true) {
                    let limit = now.saturating_add(PROBE_LIMIT_MS);
                    *give_up_at = if *give_up_at > now { limit.min(*give_up_at) } else { limit };
                }
            }
            Phase::Open(connection) => match &mut connection.life {
                // A probe is grace enough: where every timer comes late, a dead peer would never be found.
                Life::Pings(heartbeat) if heartbeat.is_probing() => {}
                Life::Pings(heartbeat) => {
                    heartbeat.probed(now);
                    self.send_ping(turn);
                }
                // Nobody can be asked. What lives will soon say something, and what does not is replaced: that costs little.
                Life::Silence(silence) => silence.suspect(now),
            },
            Phase::Waiting { .. } if !self.offline => self.retry_soon(turn),
            Phase::Idle | Phase::Waiting { .. } | Phase::Stopped => {}
        }
    }

    /// The page is looked at again. Frames come in hidden tabs too, so nothing has to be asked of a connection that is only listened
    /// to: a sleep shows in the clocks, and a timer that came late in its own time.
    pub(super) fn visible(&mut self, turn: &mut Turn<'_, A>) {
        if !(A::LISTENS && matches!(self.phase, Phase::Open(_))) {
            self.woke(turn);
        }
    }

    pub(super) fn online(&mut self, turn: &mut Turn<'_, A>) {
        self.offline = false;
        self.woke(turn);
    }

    /// An open socket may go on, to a server on this machine say, so it is asked. A retry is put off, and not
    /// given up for the same reason; what fails meanwhile is not counted.
    pub(super) fn went_offline(&mut self, turn: &mut Turn<'_, A>) {
        if std::mem::replace(&mut self.offline, true) {
            return;
        }
        let later = turn.now.monotonic_ms.saturating_add(self.offline_retry_ms());
        match &mut self.phase {
            Phase::Open(_) if A::LISTENS => {}
            Phase::Open(_) => self.woke(turn),
            Phase::Waiting { at, .. } => {
                *at = later.max(*at);
                self.note_retry(turn.now);
            }
            Phase::Idle | Phase::Opening { .. } | Phase::Stopped => {}
        }
    }

    /// Brings a retry forward, as far as the server and the spacing of attempts allow.
    fn retry_soon(&mut self, turn: &mut Turn<'_, A>) {
        let now = turn.now.monotonic_ms;
        let Phase::Waiting { at, not_before, .. } = &mut self.phase else { return };
        let spaced = self.last_open_at.map_or(now, |last| last.saturating_add(RETRY_SPACING_MS));
        let earliest = (*not_before).max(spaced);
        if earliest <= now {
            self.open(turn);
        } else if earliest < *at {
            *at = earliest;
            self.note_retry(turn.now);
        }
    }

    /// Sends a ping by schedule.
    pub(super) fn ping(&mut self, turn: &mut Turn<'_, A>) {
        if let Phase::Open(connection) = &mut self.phase
            && let Some(heartbeat) = connection.pings()
        {
            heartbeat.pinged(turn.now.monotonic_ms);
            self.send_ping(turn);
        }
    }

    fn send_ping(&mut self, turn: &mut Turn<'_, A>) {
        self.stats.pings = self.stats.pings.saturating_add(1);
        self.send(&ClientFrame::Ping, turn);
    }
}
