//! Which executions are subscribed to, by how many, and what the server knows of it.

use std::collections::BTreeMap;

use switchboard_protocol::ExecutionId;

/// All subscriptions. Ordered, so that the same inputs always give the same outputs.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(BTreeMap<ExecutionId, Subscription>);

/// One execution's subscription.
#[derive(Debug, Default)]
struct Subscription {
    /// How many parties hold it. At 0 it stays only as long as the server may still answer something about it.
    references: usize,
    /// Whether this connection has told the server, in the handshake or by a frame.
    announced: bool,
    /// How many `subscribed` answers to frames of this connection are outstanding. Only the last one counts: an
    /// unsubscribe may lie between the others.
    unanswered: u32,
    /// Whether every event since the last `Output::Subscribed` has come or will be replayed.
    live: bool,
}

/// What adding a party means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// The first: the server must be told, unless it has been by the handshake.
    First {
        /// Whether this connection's handshake has told it.
        announced: bool,
    },
    /// One more, and events arrive already.
    AlreadyLive,
    /// One more, and the answer is awaited.
    AlreadyPending,
}

impl Subscriptions {
    /// Adds a party.
    pub(crate) fn add(&mut self, execution: &ExecutionId) -> Added {
        let subscription = self.0.entry(execution.clone()).or_default();
        subscription.references = subscription.references.saturating_add(1);
        if subscription.references == 1 {
            Added::First { announced: subscription.announced }
        } else if subscription.live {
            Added::AlreadyLive
        } else {
            Added::AlreadyPending
        }
    }

    /// Takes a party away. `true` if it was the last one.
    pub(crate) fn remove(&mut self, execution: &ExecutionId) -> bool {
        let Some(subscription) = self.0.get_mut(execution) else { return false };
        if subscription.references == 0 {
            return false;
        }
        subscription.references -= 1;
        if subscription.references == 0 {
            subscription.live = false;
            if !subscription.announced {
                self.0.remove(execution);
            }
            return true;
        }
        false
    }

    /// The server is being told that the last party has gone. `true` if it knew of the subscription.
    pub(crate) fn retracted(&mut self, execution: &ExecutionId) -> bool {
        let Some(subscription) = self.0.get_mut(execution) else { return false };
        let announced = std::mem::take(&mut subscription.announced);
        if subscription.unanswered == 0 {
            self.0.remove(execution);
        }
        announced
    }

    /// The server is being told by a frame, which it will answer if `answers`.
    pub(crate) fn announced(&mut self, execution: &ExecutionId, answers: bool) {
        if let Some(subscription) = self.0.get_mut(execution) {
            subscription.announced = true;
            subscription.unanswered = subscription.unanswered.saturating_add(u32::from(answers));
            subscription.live |= !answers;
        }
    }

    /// The server is being told of all in the handshake: which ones.
    pub(crate) fn announce_all(&mut self) -> Vec<ExecutionId> {
        for subscription in self.0.values_mut() {
            subscription.announced = true;
        }
        self.0.keys().cloned().collect()
    }

    /// The server takes no subscriptions from a handshake, so it knows of none yet.
    pub(crate) fn handshake_ignored(&mut self) {
        self.0.retain(|_, subscription| subscription.references > 0);
        for subscription in self.0.values_mut() {
            subscription.announced = false;
        }
    }

    /// Those that the server must still be told of.
    pub(crate) fn to_announce(&self) -> Vec<ExecutionId> {
        self.select(|subscription| subscription.references > 0 && !subscription.announced)
    }

    /// Those that the server must be told are over.
    pub(crate) fn to_retract(&self) -> Vec<ExecutionId> {
        self.select(|subscription| subscription.references == 0 && subscription.announced)
    }

    /// Events of these arrive from now on; each is given once, until continuity ends.
    pub(crate) fn take_now_live(&mut self) -> Vec<ExecutionId> {
        let starts = |subscription: &Subscription| {
            subscription.references > 0
                && subscription.announced
                && subscription.unanswered == 0
                && !subscription.live
        };
        let started = self.select(starts);
        for execution in &started {
            if let Some(subscription) = self.0.get_mut(execution) {
                subscription.live = true;
            }
        }
        started
    }

    /// The server answered a subscribe frame. `true` if events arrive from now on, and did not before.
    pub(crate) fn answered(&mut self, execution: &ExecutionId) -> bool {
        let Some(subscription) = self.0.get_mut(execution) else { return false };
        let Some(unanswered) = subscription.unanswered.checked_sub(1) else { return false };
        subscription.unanswered = unanswered;
        if unanswered > 0 {
            return false;
        }
        if subscription.references == 0 {
            if !subscription.announced {
                self.0.remove(execution);
            }
            return false;
        }
        !std::mem::replace(&mut subscription.live, true)
    }

    /// Events may have been missed: all begin anew.
    pub(crate) fn continuity_ended(&mut self) {
        for subscription in self.0.values_mut() {
            subscription.live = false;
        }
    }

    /// A new connection's server will know of none.
    pub(crate) fn connection_ended(&mut self) {
        self.0.retain(|_, subscription| subscription.references > 0);
        for subscription in self.0.values_mut() {
            subscription.announced = false;
            subscription.unanswered = 0;
        }
    }

    /// The subscriptions that somebody holds, and how many do.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ExecutionId, usize)> {
        self.0
            .iter()
            .filter(|(_, subscription)| subscription.references > 0)
            .map(|(execution, subscription)| (execution, subscription.references))
    }

    fn select(&self, wanted: impl Fn(&Subscription) -> bool) -> Vec<ExecutionId> {
        self.0.iter().filter(|(_, subscription)| wanted(subscription)).map(|(id, _)| id.clone()).collect()
    }
}
