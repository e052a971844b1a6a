//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use switchboard_protocol::Timestamp;

/// This moment, by the machine's clock.
pub fn now() -> Timestamp {
    // A clock before 1970 is wrong anyway.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
