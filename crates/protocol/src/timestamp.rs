//! Points in time on the wire: RFC 3339 in UTC, to the millisecond.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

/// Milliseconds since 1970-01-01T00:00:00Z; the resolution of every time in the protocol.
///
/// Only values between the years 0000 and 9999 exist, because RFC 3339 can write no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z, the first and the last time that RFC 3339 can write.
const RANGE_MS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

/// Numbers below this are seconds, from it on milliseconds: as seconds it is the year 5138, as
/// milliseconds 1973, so neither reading of a present-day time crosses it.
const FIRST_MILLISECOND_READING: f64 = 1e11;

impl Timestamp {
    /// The time `milliseconds` after the Unix epoch, held inside the years 0000 to 9999.
    pub fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(RANGE_MS.0, RANGE_MS.1))
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, and the common near misses of existing reporters: a space for the `T`, and no
    /// offset (then it is UTC). `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
            return Some(Self::from_moment(moment));
        }
        let zoneless = format_description!(
            "[year]-[month]-[day][first [T][ ]][hour]:[minute]:[second][optional [.[subsecond]]][optional [Z]]"
        );
        let moment = PrimitiveDateTime::parse(text, zoneless).ok()?;
        Some(Self::from_moment(moment.assume_utc()))
    }

    /// Reads a Unix time in seconds or milliseconds, told apart by size. `None` unless finite.
    pub fn from_unix_number(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let milliseconds = if number.abs() < FIRST_MILLISECOND_READING { number * 1000.0 } else { number };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float cast saturates, and `from_millis` clamps"
        )]
        Some(Self::from_millis(milliseconds as i64))
    }

    /// Milliseconds from `earlier` to this time; zero where `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    fn from_moment(moment: OffsetDateTime) -> Self {
        let milliseconds = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(moment) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000) else {
            return Err(fmt::Error);
        };
        let (date, time) = (moment.date(), moment.time());
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(f64),
        }
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Self::parse(&text),
            Written::Number(number) => Self::from_unix_number(number),
        }
        .ok_or_else(|| D::Error::custom("expected a time in RFC 3339, such as 2026-01-31T12:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_rfc_3339_in_utc_to_the_millisecond() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn reads_what_existing_reporters_write() {
        let noon = Timestamp::from_millis(1_774_958_400_000);
        for text in [
            "2026-03-31T12:00:00Z",
            "2026-03-31T14:00:00+02:00",
            "2026-03-31T12:00:00.000000",
            "2026-03-31 12:00:00",
            "2026-03-31T12:00:00.0Z",
        ] {
            assert_eq!(Timestamp::parse(text), Some(noon), "{text}");
        }
        assert_eq!(Timestamp::from_unix_number(1_774_958_400.0), Some(noon));
        assert_eq!(Timestamp::from_unix_number(1_774_958_400_000.0), Some(noon));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "…", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::from_unix_number(f64::NAN), None);
    }
}
