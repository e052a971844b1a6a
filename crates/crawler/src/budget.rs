//! How long the processor may be busy with one page.
//!
//! Parsing cannot be interrupted from outside, and there are pages that are made to take hours. So whoever works
//! on a page looks here every now and then, and stops when the time is over or nobody waits for the outcome any
//! more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The time for one page.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    until: Instant,
    cancelled: Arc<AtomicBool>,
}

/// Spends the budget when it is dropped: nobody waits any more.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Budget {
    /// Time from now on, and the value that whoever waits for the outcome holds.
    pub(crate) fn new(time: Duration) -> (Self, Waiting) {
        let cancelled = Arc::new(AtomicBool::new(false));
        (Self { until: Instant::now() + time, cancelled: Arc::clone(&cancelled) }, Waiting(cancelled))
    }

    /// Whether it is time to stop.
    pub(crate) fn is_spent(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.until
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_when_the_time_is_over_or_nobody_waits() {
        let (over, _waiting) = Budget::new(Duration::ZERO);
        assert!(over.is_spent());
        let (budget, waiting) = Budget::new(Duration::from_hours(1));
        assert!(!budget.is_spent());
        drop(waiting);
        assert!(budget.is_spent());
    }
}
