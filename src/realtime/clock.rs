//! The browser's clocks.

use switchboard_link::Moment;
use switchboard_protocol::Timestamp;

/// The time on both clocks. Where a browser has no `performance`, the wall clock serves as both: schedules
/// then follow its settings, and a sleep is found by late timers alone.
pub(super) fn now() -> Moment {
    let wall = js_sys::Date::now();
    let monotonic =
        web_sys::window().and_then(|window| window.performance()).map_or(wall, |clock| clock.now());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    Moment { monotonic_ms: monotonic as u64, wall_ms: wall as i64 }
}

/// The wall clock's time.
pub(super) fn wall() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}
