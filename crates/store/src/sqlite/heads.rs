//! The head of each log, for those who wait for it to grow.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use switchboard_protocol::OrganizationId;
use tokio::sync::watch;

/// From this many organizations on, those are looked for that nobody reported to and nobody watches any more.
const FIRST_SWEEP: usize = 1024;

/// The head of each log, for those who wait for it to grow. The writer feeds it after each commit.
pub(super) struct Heads(Mutex<Watched>);

struct Watched {
    senders: HashMap<OrganizationId, watch::Sender<u64>>,
    /// At this size the next sweep is due: twice what the last one left, so that sweeping costs little.
    sweep_at: usize,
}

impl Heads {
    /// The heads as they are in the database.
    pub(super) fn new(heads: impl Iterator<Item = (OrganizationId, u64)>) -> Self {
        let senders = heads.map(|(organization, head)| (organization, watch::Sender::new(head))).collect();
        Self(Mutex::new(Watched { senders, sweep_at: FIRST_SWEEP }))
    }

    /// The head of an organization's log, from now on.
    pub(super) fn watch(&self, organization: &OrganizationId) -> watch::Receiver<u64> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = watched.senders.get(organization) {
            return sender.subscribe();
        }
        watched.sweep();
        watched.senders.entry(organization.clone()).or_default().subscribe()
    }

    /// Wakes those who wait, where the head has grown.
    pub(super) fn moved(&self, organization: &OrganizationId, head: u64) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match watched.senders.get(organization) {
            Some(sender) => sender,
            None => watched.senders.entry(organization.clone()).or_default(),
        };
        sender.send_if_modified(|known| {
            let grown = head > *known;
            *known = head.max(*known);
            grown
        });
    }
}

impl Watched {
    /// Forgets the organizations that somebody once asked for and that do not exist, so that asking for names
    /// does not fill the memory.
    fn sweep(&mut self) {
        if self.senders.len() >= self.sweep_at {
            self.senders.retain(|_, sender| *sender.borrow() > 0 || sender.receiver_count() > 0);
            self.sweep_at = FIRST_SWEEP.max(self.senders.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nobody_watches_any_more_are_forgotten() {
        let heads = Heads::new(std::iter::once(("stored".into(), 7)));
        let watched = heads.watch(&"watched".into());
        for number in 0..10 * FIRST_SWEEP {
            heads.watch(&format!("asked for once {number}").into());
        }
        let size = heads.0.lock().unwrap().senders.len();
        assert!(size <= 2 * FIRST_SWEEP, "{size} names are kept");
        heads.moved(&"watched".into(), 1);
        assert_eq!(*watched.borrow(), 1, "a watched name was forgotten");
        assert_eq!(*heads.watch(&"stored".into()).borrow(), 7, "a stored name was forgotten");
    }

    #[test]
    fn a_head_never_goes_back() {
        let heads = Heads::new(std::iter::once(("acme".into(), 7)));
        let mut watched = heads.watch(&"acme".into());
        heads.moved(&"acme".into(), 5);
        assert!(!watched.has_changed().unwrap());
        heads.moved(&"acme".into(), 8);
        assert_eq!(*watched.borrow_and_update(), 8);
    }
}
