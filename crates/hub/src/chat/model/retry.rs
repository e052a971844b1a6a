//! When a request that failed is sent again.

use std::time::Duration;

use tokio::time::Instant;

use super::ModelError;

/// How often a request is sent at most.
const MOST_TRIES: u32 = 4;

/// The longest wait between two of them.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// The longest wait that a server may ask for. Beyond it a person does better to come back.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// A request that failed, and what that means for sending it again.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub reason: ModelError,
    /// Whether the same request may succeed in a moment. Never where something of an answer was shown.
    pub is_transient: bool,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<ModelError> for Failure {
    /// A failure that is the same each time.
    fn from(reason: ModelError) -> Self {
        Self { reason, is_transient: false, retry_after: None }
    }
}

/// The tries of one answer.
#[derive(Debug)]
pub struct Tries {
    made: u32,
    delay: Duration,
    deadline: Instant,
}

impl Tries {
    /// Before the first try, which fails or not. The second comes about `delay` after it.
    pub fn new(delay: Duration, deadline: Instant) -> Self {
        Self { made: 0, delay, deadline }
    }

    /// How long to wait before the request is sent again; `None` where it is not.
    pub fn next(&mut self, failure: &Failure) -> Option<Duration> {
        self.made += 1;
        if !failure.is_transient || self.made >= MOST_TRIES {
            return None;
        }
        let whole = self.delay.saturating_mul(1 << (self.made - 1)).min(LONGEST_WAIT);
        // Uniform between the half and the whole, so that the workers of a busy hub do not come back together.
        let backoff = whole.mul_f64(fastrand::f64().mul_add(0.5, 0.5));
        let asked = failure.retry_after.unwrap_or_default();
        let wait = backoff.max(asked);
        (asked <= LONGEST_RETRY_AFTER && Instant::now() + wait < self.deadline).then_some(wait)
    }

    /// What is said after the last try.
    pub fn last_word(&self, failure: Failure) -> ModelError {
        match failure.reason {
            ModelError::Failed { server, what, said, .. } if self.made > 1 => {
                ModelError::Failed { server, after: format!(" {} times", self.made), what, said }
            }
            reason => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(is_transient: bool, retry_after: Option<u64>) -> Failure {
        let reason = ModelError::Failed {
            server: "s".into(),
            after: String::new(),
            what: "status 500".into(),
            said: String::new(),
        };
        Failure { reason, is_transient, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_the_fourth_try_is_the_last() {
        let mut tries = Tries::new(Duration::from_millis(500), Instant::now() + Duration::from_mins(2));
        for whole in [500, 1000, 2000] {
            let wait = tries.next(&failure(true, None)).unwrap();
            assert!(wait.as_millis() * 2 >= whole && wait.as_millis() <= whole, "{wait:?}");
        }
        assert_eq!(tries.next(&failure(true, None)), None);
        let words = tries.last_word(failure(true, None)).to_string();
        assert!(words.contains("failed 4 times (status 500)"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_left_alone_as_long_as_it_asks_within_reason_and_time() {
        let tries =
            |limit| Tries::new(Duration::from_millis(500), Instant::now() + Duration::from_secs(limit));
        assert_eq!(tries(120).next(&failure(true, Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(tries(120).next(&failure(true, Some(31))), None, "a person does better to come back");
        assert_eq!(tries(5).next(&failure(true, Some(7))), None, "the time limit comes first");
        assert_eq!(tries(120).next(&failure(false, None)), None, "the same again would fail again");
    }
}
