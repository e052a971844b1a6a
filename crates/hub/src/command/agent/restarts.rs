//! Whether a command that has ended is started again, and after how long.

use std::time::Duration;

use switchboard_link::Backoff;
use tokio::time::Instant;

use crate::command::client::seconds;

/// The longest wait before a restart.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The shortest first wait: it doubles, and so does not stay short, while none at all would.
const SHORTEST_FIRST_WAIT: Duration = Duration::from_millis(10);

/// A command that ran for so long has not failed at its start: its next failure is the first of a row.
const STEADY: Duration = Duration::from_mins(1);

/// Reads how long the first wait is.
pub fn first_delay(text: &str) -> Result<Duration, String> {
    let delay = seconds(text)?;
    if delay < SHORTEST_FIRST_WAIT {
        return Err("give 0.01 or more: without a wait, a command that ends at once is started again thousands of times a \
                    minute"
            .to_owned());
    }
    Ok(delay)
}

/// When a command is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Policy {
    /// Whatever its end.
    Always,
    /// When it failed.
    #[default]
    OnFailure,
    /// Not at all.
    Never,
}

/// What follows an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is not started again.
    Ended,
    /// It would be, but was too often.
    GivenUp,
    /// It is started again after this.
    After(Duration),
}

/// The restarts so far.
#[derive(Debug)]
pub struct Restarts {
    policy: Policy,
    /// How many in a row there are at most; 0 is without end.
    most: u32,
    backoff: Backoff,
    in_a_row: u32,
    began: Instant,
}

impl Restarts {
    /// Restarts by a policy, of a command that begins now.
    pub fn new(policy: Policy, most: u32, first_delay: Duration) -> Self {
        let first = u64::try_from(first_delay.as_millis()).unwrap_or(u64::MAX).min(LONGEST_WAIT_MS);
        Self {
            policy,
            most,
            backoff: Backoff::new(first, 2.0, LONGEST_WAIT_MS, 0),
            in_a_row: 0,
            began: Instant::now(),
        }
    }

    /// It has been started again.
    pub fn begun(&mut self, at: Instant) {
        self.began = at;
    }

    /// It has ended. `random` is between 0 and 1.
    pub fn after(&mut self, failed: bool, random: f64) -> Next {
        let again = match self.policy {
            Policy::Always => true,
            Policy::OnFailure => failed,
            Policy::Never => false,
        };
        if !again {
            return Next::Ended;
        }
        if self.began.elapsed() >= STEADY {
            self.in_a_row = 0;
        }
        if self.most > 0 && self.in_a_row >= self.most {
            return Next::GivenUp;
        }
        let delay = self.backoff.delay_ms(self.in_a_row, random);
        self.in_a_row = self.in_a_row.saturating_add(1);
        Next::After(Duration::from_millis(delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restarts(policy: Policy, most: u32) -> Restarts {
        Restarts::new(policy, most, Duration::from_secs(1))
    }

    // A first wait of nothing stayed nothing however often it was doubled, and so did one of less than a millisecond.
    #[test]
    fn a_first_wait_that_would_stay_nothing_is_refused() {
        for text in ["0", "0.0", "0.0009", "0.009"] {
            assert!(first_delay(text).unwrap_err().contains("0.01 or more"), "{text}");
        }
        assert_eq!(first_delay("0.01"), Ok(Duration::from_millis(10)));
        assert_eq!(first_delay("2.5"), Ok(Duration::from_millis(2_500)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_policy_decides() {
        for (policy, failed, ended) in [
            (Policy::Always, true, false),
            (Policy::Always, false, false),
            (Policy::OnFailure, true, false),
            (Policy::OnFailure, false, true),
            (Policy::Never, true, true),
            (Policy::Never, false, true),
        ] {
            let next = restarts(policy, 0).after(failed, 1.0);
            assert_eq!(next == Next::Ended, ended, "{policy:?}, failed: {failed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_a_minute_and_a_steady_run_begins_anew() {
        let mut restarts = restarts(Policy::OnFailure, 0);
        let mut wait = |advance: u64| {
            let Next::After(delay) = restarts.after(true, 1.0) else { panic!() };
            restarts.begun(Instant::now() - Duration::from_secs(advance));
            delay.as_secs()
        };
        let waits: Vec<_> = (0..9).map(|_| wait(59)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        wait(60);
        assert_eq!(wait(0), 1, "it ran for a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_given_up_after_so_many_in_a_row() {
        let mut restarts = restarts(Policy::Always, 2);
        let mut next = || restarts.after(true, 0.5);
        assert!(matches!(next(), Next::After(_)));
        assert!(matches!(next(), Next::After(_)));
        assert_eq!(next(), Next::GivenUp);
    }
}
