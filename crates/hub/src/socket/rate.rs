//! How fast a client may send.

use std::time::Duration;

use tokio::time::Instant;

/// How many messages a client may send at once: a page that opens with many subscriptions.
pub const BURST: u16 = 300;

/// How many messages a second it may send in the long run. A page sends a ping every twenty seconds and a message
/// for each subscription that comes or goes.
pub const PER_SECOND: u16 = 50;

/// A token bucket.
#[derive(Debug)]
pub struct Rate {
    tokens: f32,
    as_of: Instant,
}

impl Rate {
    /// A full bucket.
    pub fn full(now: Instant) -> Self {
        Self { tokens: f32::from(BURST), as_of: now }
    }

    /// Takes one message; whether it was within the rate.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed: Duration = now.saturating_duration_since(self.as_of);
        self.as_of = now;
        self.tokens = (self.tokens + passed.as_secs_f32() * f32::from(PER_SECOND)).min(f32::from(BURST));
        let within = self.tokens >= 1.0;
        if within {
            self.tokens -= 1.0;
        }
        within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not_and_time_heals() {
        let start = Instant::now();
        let mut rate = Rate::full(start);
        assert!((0..BURST).all(|_| rate.take(start)));
        assert!(!rate.take(start));
        let later = start + Duration::from_secs(1);
        assert!((0..PER_SECOND).all(|_| rate.take(later)));
        assert!(!rate.take(later));
    }
}
