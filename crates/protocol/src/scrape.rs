//! Scrape runs.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{DecodeError, Json, Object, RunId, Timestamp};

/// `{"type":"scrape_progress",…}`: how far one run, or one of its platforms, is.
///
/// Numbers are totals since the run began, not steps, so that a frame that was missed costs nothing. Only `pages` and
/// `results` are told once.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeProgress {
    /// The run.
    pub run_id: RunId,
    /// Its phase, where the frame says one; with a platform, that platform's.
    pub phase: Option<ScrapePhase>,
    /// The source that this is about; `None` is the whole run.
    pub platform: Option<String>,
    /// Pages done.
    pub current: Option<u64>,
    /// Pages to do.
    pub total: Option<u64>,
    /// What is being done, in words.
    pub message: Option<String>,
    /// When it was so; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
    /// Items found so far.
    pub items: Option<u64>,
    /// Bytes received so far, as they came over the network.
    pub bytes: Option<u64>,
    /// Pages that could not be read so far.
    pub errors: Option<u64>,
    /// Pages that were done since the frame before.
    pub pages: Vec<ScrapedPage>,
    /// Items that were found since the frame before. The hub's own crawler leaves them out, because they may be large;
    /// who reports for another scraper may put them here, and the hub keeps them.
    pub results: Vec<ScrapedItem>,
}

impl ScrapeProgress {
    /// A frame that says nothing of a run yet.
    pub fn of(run_id: RunId) -> Self {
        Self {
            run_id,
            phase: None,
            platform: None,
            current: None,
            total: None,
            message: None,
            timestamp: None,
            items: None,
            bytes: None,
            errors: None,
            pages: Vec::new(),
            results: Vec::new(),
        }
    }
}

/// One page of a run, and what became of it. Everything but the address may be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapedPage {
    /// Its address.
    pub url: String,
    /// The platform that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The HTTP status; absent where no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The page's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many characters of text it has, white space joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_length: Option<u64>,
    /// How many links to pages it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<u64>,
    /// How long it took, from the request to the end of the body, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The media type that the server named, without parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// How many bytes came over the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many items were found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// How many links away from a target it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Where it redirects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Why it could not be read, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What else there is to know of it, in words: that it was cut off at the size limit, for instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was done.
    #[serde(rename = "timestamp", skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl ScrapedPage {
    /// A page of which nothing but the address is known.
    pub fn of(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Whether it could not be read: an error, or a status from 400 on.
    pub fn is_failed(&self) -> bool {
        self.error.is_some() || self.status.is_some_and(|status| status >= 400)
    }

    /// Reads a page from its members.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where it has no `url`.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = DecodeError::MissingField { kind: "page".into(), field: "url" };
        let text = |name: &str| object.text(name).map(Cow::into_owned);
        Ok(Self {
            url: text("url").ok_or(missing)?,
            platform: text("platform"),
            status: object.whole("status").and_then(|status| u16::try_from(status).ok()),
            title: text("title"),
            text_length: object.whole("textLength"),
            links: object.whole("links"),
            duration_ms: object.whole("durationMs"),
            content_type: text("contentType"),
            bytes: object.whole("bytes"),
            items: object.whole("items"),
            depth: object.whole("depth").and_then(|depth| u32::try_from(depth).ok()),
            redirect: text("redirect"),
            error: text("error"),
            note: text("note"),
            at: object.time("timestamp"),
        })
    }
}

impl<'de> Deserialize<'de> for ScrapedPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let object = Object::parse(json.text()).map_err(D::Error::custom)?;
        Self::from_object(&object).map_err(D::Error::custom)
    }
}

/// One item that was found in a page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapedItem {
    /// The page in which it was found, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform that the page belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its fields: a JSON object, verbatim.
    pub fields: Json,
}

impl<'de> Deserialize<'de> for ScrapedItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let object = Object::parse(json.text()).map_err(D::Error::custom)?;
        let fields = object.json("fields").filter(|fields| fields.object().is_some());
        Ok(Self {
            url: object.text("url").map(Cow::into_owned),
            platform: object.text("platform").map(Cow::into_owned),
            fields: fields.ok_or_else(|| D::Error::custom("an item needs `fields`, an object"))?,
        })
    }
}

/// The phase of a scrape run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScrapePhase {
    /// Known, but not started.
    #[default]
    Pending,
    /// Fetching pages.
    Running,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl ScrapePhase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The phase named `name`, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// Whether the run has ended: completed, failed or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl std::fmt::Display for ScrapePhase {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
