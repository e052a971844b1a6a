//! A JSON object as its members' text: read once, without losing what nobody here knows.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

use crate::{DecodeError, Json, Timestamp};

/// The members of one JSON object, in order, each value still as text.
///
/// This is how frames are read (only the members that decide a frame are looked into) and how the hub
/// stamps a report with what it adds: [`set`](Self::set) replaces a member and leaves all others as they were.
/// Of a name that stands twice the last value counts, as in JavaScript.
#[derive(Debug, Clone, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Object<'a> {
    /// Splits the object in `text` into its members, in one pass.
    ///
    /// # Errors
    /// [`DecodeError::NotJson`] or [`DecodeError::NotAnObject`].
    pub fn parse(text: &'a str) -> Result<Self, DecodeError> {
        serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => DecodeError::NotAnObject,
            _ => DecodeError::NotJson { reason: error.to_string() },
        })
    }

    /// The text of a member, or `None` where it is absent. A member that is `null` is present.
    pub fn raw(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// A member verbatim, or `None` where it is absent or `null`.
    pub fn json(&self, name: &str) -> Option<Json> {
        self.present(name).map(Json::from_raw)
    }

    /// A string member; `None` where it is absent, `null` or no string.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        /// Borrows from the input where nothing is escaped, which serde does for `Cow` only when told to.
        #[derive(Deserialize)]
        struct Borrowed<'b>(#[serde(borrow)] Cow<'b, str>);

        let raw = self.present(name)?.get();
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        // The object was checked when it was split, so a string without an escape is what stands there.
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        serde_json::from_str::<Borrowed<'_>>(raw).ok().map(|text| text.0)
    }

    /// A number member; `None` where it is absent, `null` or no number.
    pub fn number(&self, name: &str) -> Option<f64> {
        serde_json::from_str(self.present(name)?.get()).ok()
    }

    /// A whole number that is not negative; `None` where it is absent or anything else. `12.0` counts as 12.
    pub fn whole(&self, name: &str) -> Option<u64> {
        let text = self.present(name)?.get();
        text.parse().ok().or_else(|| {
            let number = serde_json::from_str::<f64>(text).ok()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "the range is checked in the same expression"
            )]
            (number >= 0.0 && number.fract() == 0.0 && number < u64::MAX as f64).then_some(number as u64)
        })
    }

    /// A boolean member; `None` where it is absent or anything else.
    pub fn flag(&self, name: &str) -> Option<bool> {
        serde_json::from_str(self.present(name)?.get()).ok()
    }

    /// A time, in RFC 3339 or as a Unix number; `None` where it is absent or unreadable.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        match self.text(name) {
            Some(text) => Timestamp::parse(&text),
            None => self.number(name).and_then(Timestamp::from_unix_number),
        }
    }

    /// A member that is an object itself; `None` where it is absent or anything else.
    pub fn object(&self, name: &str) -> Option<Object<'_>> {
        Object::parse(self.present(name)?.get()).ok()
    }

    /// Whether the member is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.present(name).is_some()
    }

    /// Replaces a member, or adds it at the end.
    pub fn set(&mut self, name: &'static str, value: &Json) {
        self.remove(name);
        self.0.push((Cow::Borrowed(name), Cow::Owned(value.raw().to_owned())));
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    /// The members' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }

    /// The object as JSON text, in the members' order and with their text unchanged.
    pub fn to_json(&self) -> Result<Json, serde_json::Error> {
        Json::write(self)
    }

    fn present(&self, name: &str) -> Option<&RawValue> {
        self.raw(name).filter(|value| value.get() != "null")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        /// A key that borrows from the input where nothing in it is escaped.
        #[derive(Deserialize)]
        struct Key<'b>(#[serde(borrow)] Cow<'b, str>);

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // Eight members hold every frame of the protocol, so the usual frame allocates once here.
                let mut members = Vec::with_capacity(8);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, Cow::Borrowed(map.next_value::<&'de RawValue>()?)));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_with_and_without_escapes_and_nothing_else_is() {
        let text = r#"{"plain":"zwölf","empty":"","quoted":"a \"b\" \u00e9\n","number":12,"object":{"a":"b"},"nothing":null}"#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.text("plain").as_deref(), Some("zwölf"));
        assert_eq!(object.text("empty").as_deref(), Some(""));
        assert_eq!(object.text("quoted").as_deref(), Some("a \"b\" é\n"));
        for name in ["number", "object", "nothing", "absent"] {
            assert_eq!(object.text(name), None, "{name}");
        }
    }

    // Plain strings are taken as they stand, so what is no string must be refused when the object is split.
    #[test]
    fn a_string_with_a_raw_control_character_is_no_json() {
        assert!(Object::parse("{\"text\":\"a\u{1}b\"}").is_err());
        assert!(Object::parse("{\"text\":\"a\nb\"}").is_err());
    }
}
