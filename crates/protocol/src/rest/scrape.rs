//! Bodies about scrape runs.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{identifier, list, read_members};
use crate::{
    DecodeError, Json, Object, OrganizationId, RunId, ScrapePhase, ScrapedItem, ScrapedPage, Timestamp,
};

/// What a list shows of a run. Everything but the identity may be absent from servers that know only part 1 of the
/// contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeRunSummary {
    /// The run.
    pub run_id: RunId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where it stands.
    pub phase: ScrapePhase,
    /// What it is called; absent, its platforms say what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The addresses that it began with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Pages done.
    pub current: u64,
    /// Pages to do, as far as they are known; 0 while nothing is known.
    pub total: u64,
    /// Items found.
    pub items: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Pages that could not be read.
    pub errors: u64,
    /// Its platforms, in the order in which they became known.
    pub platforms: Vec<PlatformProgress>,
    /// What is being done, or how it ended, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it became known.
    pub created_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it was last heard of.
    pub updated_at: Option<Timestamp>,
    /// Whether this server's own crawler runs it, so that it can be cancelled here. A run that another program
    /// reports is stopped there.
    pub own: bool,
}

/// How far one platform of a run is.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformProgress {
    /// The platform's name: for the hub's own crawler the host, with the port where it is not the usual one.
    pub platform: String,
    /// Where it stands.
    pub phase: ScrapePhase,
    /// Pages done.
    pub current: u64,
    /// Pages to do, as far as they are known; 0 while nothing is known.
    pub total: u64,
    /// Items found.
    pub items: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Pages that could not be read.
    pub errors: u64,
    /// What is being done, or how it ended, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl PlatformProgress {
    /// A platform of which nothing but the name is known.
    pub fn of(platform: impl Into<String>) -> Self {
        Self { platform: platform.into(), ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for PlatformProgress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, |object| {
            let missing = DecodeError::MissingField { kind: "platform".into(), field: "platform" };
            Ok(Self {
                platform: identifier(object, "platform")
                    .or_else(|| identifier(object, "name"))
                    .ok_or(missing)?,
                phase: phase(object),
                current: object.whole("current").unwrap_or(0),
                total: object.whole("total").unwrap_or(0),
                items: object.whole("items").unwrap_or(0),
                bytes: object.whole("bytes").unwrap_or(0),
                errors: object.whole("errors").unwrap_or(0),
                message: object.text("message").map(Cow::into_owned),
            })
        })
    }
}

impl ScrapeRunSummary {
    /// A run of which nothing is known but that it exists.
    pub fn of(organization_id: OrganizationId, run_id: RunId) -> Self {
        Self {
            run_id,
            organization_id,
            phase: ScrapePhase::Pending,
            title: None,
            targets: Vec::new(),
            current: 0,
            total: 0,
            items: 0,
            bytes: 0,
            errors: 0,
            platforms: Vec::new(),
            message: None,
            created_at: None,
            started_at: None,
            finished_at: None,
            updated_at: None,
            own: false,
        }
    }

    /// Reads a summary from its members, with the leniency that frames get.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where neither `runId` nor `id` says which run it is.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = DecodeError::MissingField { kind: "scrape run".into(), field: "runId" };
        Ok(Self {
            run_id: identifier(object, "runId").or_else(|| identifier(object, "id")).ok_or(missing)?.into(),
            organization_id: object.text("organizationId").map(OrganizationId::from).unwrap_or_default(),
            phase: phase(object),
            title: object.text("title").map(Cow::into_owned),
            targets: list(object, "targets"),
            current: object.whole("current").unwrap_or(0),
            total: object.whole("total").unwrap_or(0),
            items: object.whole("items").unwrap_or(0),
            bytes: object.whole("bytes").unwrap_or(0),
            errors: object.whole("errors").unwrap_or(0),
            platforms: list(object, "platforms"),
            message: object.text("message").map(Cow::into_owned),
            created_at: object.time("createdAt"),
            started_at: object.time("startedAt"),
            finished_at: object.time("finishedAt"),
            updated_at: object.time("updatedAt"),
            own: object.flag("own").unwrap_or(false),
        })
    }
}

impl<'de> Deserialize<'de> for ScrapeRunSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, Self::from_object)
    }
}

/// `GET /api/scrape/runs`: the newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeRunList {
    /// One page of runs.
    pub items: Vec<ScrapeRunSummary>,
    /// What to pass as `before` for the next page; absent on the last.
    pub next_before: Option<String>,
    /// The log's head when the list was read: frames up to it are in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for ScrapeRunList {
    /// Reads the hub's list, a list under the name `runs`, or a bare array.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        if let Ok(items) = json.read::<Vec<Json>>() {
            let items = items.iter().filter_map(|item| item.read().ok()).collect();
            return Ok(Self { items, next_before: None, seq: None });
        }
        let object = Object::parse(json.text()).map_err(serde::de::Error::custom)?;
        let items = if object.has("items") { list(&object, "items") } else { list(&object, "runs") };
        Ok(Self { items, next_before: identifier(&object, "nextBefore"), seq: object.whole("seq") })
    }
}

/// `GET /api/scrape/runs/{runId}`: a run and its latest pages, as of `seq`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeRunSnapshot {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ScrapeRunSummary,
    /// The limits that it keeps; absent for a run that another program reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<ScrapeLimits>,
    /// What it takes out of pages, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<Extraction>,
    /// Its latest pages, oldest first: at most 1,000 of the `page_count` that are kept.
    pub pages: Vec<ScrapedPage>,
    /// How many of its pages are kept.
    pub page_count: u64,
    /// The log's head when this was read: apply only frames after it. Absent from servers without a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for ScrapeRunSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, |object| {
            let pages: Vec<ScrapedPage> = list(object, "pages");
            Ok(Self {
                summary: ScrapeRunSummary::from_object(object)?,
                limits: object.json("limits").and_then(|limits| limits.read().ok()),
                extract: object.json("extract").and_then(|extract| extract.read().ok()),
                page_count: object.whole("pageCount").unwrap_or(pages.len() as u64),
                pages,
                seq: object.whole("seq"),
            })
        })
    }
}

/// `GET /api/scrape/runs/{runId}/pages`: the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapePageList {
    /// One page of pages.
    pub items: Vec<ScrapedPage>,
    /// What to pass as `before` for the next page; absent on the last.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// `GET /api/scrape/runs/{runId}/items`: the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeItemList {
    /// One page of items.
    pub items: Vec<ScrapeItem>,
    /// What to pass as `before` for the next page; absent on the last.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// One item as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeItem {
    /// Its number in the run, from 1.
    pub number: u64,
    /// The page in which it was found, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform that the page belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its fields: a JSON object, verbatim.
    pub fields: Json,
}

/// `POST /api/scrape/runs`: what to scrape. Only the targets are required.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartScrape {
    /// The addresses to begin with, `http` or `https`. Those of one host are one platform.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Whose run it is; absent, the one organization of the key, or `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The run's name. Sending the same again is harmless; absent, the server makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The limits to keep, each optional.
    #[serde(flatten)]
    pub limits: ScrapeLimits,
    /// What to take out of pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<Extraction>,
}

/// How far and how fast a run goes. What is absent is the server's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeLimits {
    /// The most pages that the run fetches, over all platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<u32>,
    /// The most links between a target and a page; 0 fetches the targets only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u32>,
    /// The least time between the beginnings of two requests to one host, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u32>,
    /// The most requests to one host at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

/// What to take out of a page: items with fields, by CSS selectors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extraction {
    /// Selects the elements that are an item each; absent, the page is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The fields of an item, in order.
    #[serde(default)]
    pub fields: Vec<ScrapeField>,
}

/// One field of an item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeField {
    /// Its name in the item.
    pub name: String,
    /// Selects the element that holds it, inside the item; empty is the item itself.
    #[serde(default)]
    pub selector: String,
    /// The attribute that holds it; absent, the element's text. Of `href` and `src` the whole address is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Whether to take all elements that match, as a list, and not the first only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
}

/// The answer of `POST /api/scrape/runs`: 201.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedScrape {
    /// The run.
    pub run_id: RunId,
}

/// `POST /api/scrape/preview`: fetch one page, and show what would be taken out of it. Nothing is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewScrape {
    /// The page's address.
    pub url: String,
    /// Whose key it is; as for [`StartScrape`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// What to take out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<Extraction>,
}

/// The answer of `POST /api/scrape/preview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapePreview {
    /// The page, after redirects.
    pub page: ScrapedPage,
    /// The first items in it, at most 20 of the `item_count`.
    #[serde(default)]
    pub items: Vec<ScrapedItem>,
    /// How many items there are in it.
    #[serde(default)]
    pub item_count: u64,
}

/// The payload of the `dashboard:update` frames that the hub derives when a run comes to exist or its phase changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeRunChanged {
    /// Whose lists changed.
    pub organization_id: OrganizationId,
    /// `scrape-run`.
    pub kind: String,
    /// The run as it is now.
    pub scrape_run: ScrapeRunSummary,
}

impl ScrapeRunChanged {
    /// The `kind` of these updates.
    pub const KIND: &'static str = "scrape-run";

    /// Reads the payload of a dashboard update; `None` where it is about something else.
    pub fn read(data: &Json) -> Option<Self> {
        data.read::<Self>().ok().filter(|changed| changed.kind == Self::KIND)
    }
}

fn phase(object: &Object<'_>) -> ScrapePhase {
    let name = object.text("phase").or_else(|| object.text("status"));
    name.and_then(|name| ScrapePhase::from_name(&name)).unwrap_or_default()
}
