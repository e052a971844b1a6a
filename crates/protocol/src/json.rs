//! A JSON value kept as the text that it arrived as.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::Object;

/// Any JSON value, verbatim. Cloning shares the text; reading it is up to whoever needs it.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The JSON text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The members of the object that this is, or `None` for any other value.
    pub fn object(&self) -> Option<Object<'_>> {
        Object::parse(self.text()).ok()
    }

    /// Reads the value as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }

    /// Writes `value` as JSON. Fails only for what JSON cannot write, such as a map with keys that are no strings.
    pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(|raw| Self(raw.into()))
    }

    /// The same value on one line, so that it can stand in a batch of newline-separated frames. Inside a JSON
    /// string a line break is always escaped, so one that stands there raw is white space.
    #[must_use]
    pub fn on_one_line(&self) -> Self {
        if !self.text().contains(['\n', '\r']) {
            return self.clone();
        }
        let text = self.text().replace(['\n', '\r'], " ");
        Self::from_text(text).unwrap_or_else(|_| self.clone())
    }

    /// Takes over `text`, which must be one JSON value.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(|raw| Self(raw.into()))
    }

    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }

    pub(crate) fn from_raw(raw: &RawValue) -> Self {
        Self(raw.to_owned().into())
    }
}

impl PartialEq for Json {
    /// Equal text. Two writings of the same value with other white space or order differ.
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}
