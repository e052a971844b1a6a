//! Times as people read them, in their own time zone.

use switchboard_protocol::Timestamp;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// Writes clock times. Asks the browser for its offset from UTC once, because a log writes thousands of them.
#[derive(Debug, Clone, Copy)]
pub struct LocalClock {
    offset_ms: i64,
}

impl LocalClock {
    /// A clock for the offset that the browser has at `at`.
    pub fn at(at: Timestamp) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "times in the protocol's range are exact in a float")]
        let date = js_sys::Date::new(&(at.as_millis() as f64).into());
        #[expect(clippy::cast_possible_truncation, reason = "an offset is a few hundred minutes")]
        let minutes = date.get_timezone_offset() as i64;
        Self { offset_ms: -minutes * MINUTE_MS }
    }

    /// `HH:MM:SS`.
    pub fn seconds(self, at: Timestamp) -> String {
        let seconds = self.of_day(at) / 1000;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// `HH:MM:SS.mmm`, written over what `text` held.
    pub fn write_millis(self, at: Timestamp, text: &mut String) {
        use std::fmt::Write;
        let day = self.of_day(at);
        let seconds = day / 1000;
        text.clear();
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "{:02}:{:02}:{:02}.{:03}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            day % 1000
        );
    }

    fn of_day(self, at: Timestamp) -> i64 {
        (at.as_millis() + self.offset_ms).rem_euclid(DAY_MS)
    }
}

/// Date and time in the browser's own language, to the second.
pub fn date_and_time(at: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "times in the protocol's range are exact in a float")]
    let date = js_sys::Date::new(&(at.as_millis() as f64).into());
    String::from(date.to_locale_string("default", &wasm_bindgen::JsValue::UNDEFINED))
}
