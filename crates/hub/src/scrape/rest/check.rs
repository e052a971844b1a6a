//! What is wrong with an order to scrape, found before anything is stored.

use std::{collections::HashSet, ops::RangeInclusive, time::Duration};

use axum::extract::Request;
use futures::{StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use switchboard_crawler::{Extractor, Fetcher, TargetError};
use switchboard_protocol::rest::{Extraction, ScrapeLimits};
use switchboard_store::NewAddress;
use tokio::time::timeout;
use url::Url;

use crate::{ingest::body, problem::Failure};

/// The longest body of these calls, in bytes.
const LONGEST_BODY: usize = 256 * 1024;

/// The most targets of a run.
const MOST_TARGETS: usize = 100;

/// The longest target, in bytes.
const LONGEST_TARGET: usize = 8 * 1024;

/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

/// How long a host's name may take to be resolved.
const RESOLUTION: Duration = Duration::from_secs(5);

/// How many names are resolved at the same time.
const RESOLUTIONS: usize = 16;

/// A limit: its name, what it may be, and what it is unless asked otherwise.
type Limit = (&'static str, RangeInclusive<u32>, u32);

const MAX_PAGES: Limit = ("maxPages", 1..=100_000, 1_000);
const MAX_DEPTH: Limit = ("maxDepth", 0..=100, 16);
const DELAY_MS: Limit = ("delayMs", 0..=60_000, 50);
const CONCURRENCY: Limit = ("concurrency", 1..=16, 4);

/// The body as `T`, and as what it holds.
pub async fn read<T: DeserializeOwned>(request: Request, example: &str) -> Result<(T, Value), Failure> {
    let body = body::read(request, LONGEST_BODY, "Name fewer targets or fields at once.").await?;
    let refuse = |error: serde_json::Error| {
        Failure::bad_request(format!("The body must be a JSON object such as {example}: {error}."))
    };
    let value: Value = serde_json::from_slice(&body).map_err(refuse)?;
    if !value.is_object() {
        return Err(Failure::bad_request(format!("The body must be a JSON object such as {example}.")));
    }
    // First, because these say which member is wrong.
    limits(&value)?;
    Ok((serde_json::from_value(value.clone()).map_err(refuse)?, value))
}

/// The limits in a body, all of them given.
pub fn limits(body: &Value) -> Result<ScrapeLimits, Failure> {
    let limit = |(name, range, default): Limit| match body.get(name) {
        None | Some(Value::Null) => Ok(Some(default)),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.filter(|number| range.contains(number)).map(Some).ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                Failure::bad_request(format!(
                    "`{name}` must be a whole number from {least} to {most}; without it, it is {default}."
                ))
            })
        }
    };
    Ok(ScrapeLimits {
        max_pages: limit(MAX_PAGES)?,
        max_depth: limit(MAX_DEPTH)?,
        delay_ms: limit(DELAY_MS)?,
        concurrency: limit(CONCURRENCY)?,
    })
}

/// The title, where there is one.
pub fn title(title: Option<String>) -> Result<Option<String>, Failure> {
    let title = title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    let is_fine =
        |title: &String| title.chars().count() <= LONGEST_TITLE && !title.contains(char::is_control);
    if title.as_ref().is_some_and(|title| !is_fine(title)) {
        return Err(Failure::bad_request(format!(
            "`title` may have {LONGEST_TITLE} characters, and no control characters."
        )));
    }
    Ok(title)
}

/// What is to be taken out of pages can be.
pub fn extraction(extract: Option<&Extraction>) -> Result<Option<Extractor>, Failure> {
    extract
        .map(Extractor::new)
        .transpose()
        .map_err(|error| Failure::bad_request(format!("`extract` cannot be used: {error}")))
}

/// The targets as addresses, each once, in order. Nothing is asked over the network yet.
pub fn targets(texts: &[String], max_pages: Option<u32>) -> Result<Vec<(usize, Url)>, Failure> {
    if texts.is_empty() {
        return Err(Failure::bad_request(
            "`targets` is empty. Name at least one address to begin with, such as [\"https://example.org/\"].",
        ));
    }
    if texts.len() > MOST_TARGETS {
        return Err(Failure::bad_request(format!(
            "`targets` names {} addresses; a run may begin with {MOST_TARGETS}. Start several runs.",
            texts.len()
        )));
    }
    let mut known = HashSet::new();
    let mut targets = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        if text.len() > LONGEST_TARGET {
            return Err(wrong(index, &format!("It has more than {LONGEST_TARGET} bytes.")));
        }
        let url =
            switchboard_crawler::target(text.trim()).map_err(|error| wrong(index, &error.to_string()))?;
        if known.insert(url.as_str().to_owned()) {
            targets.push((index, url));
        }
    }
    let most = max_pages.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    if targets.len() > most {
        return Err(Failure::bad_request(format!(
            "`maxPages` is {most}, and there are {} targets, each of which is a page. Raise it, or name fewer.",
            targets.len()
        )));
    }
    Ok(targets)
}

/// Refuses targets whose hosts are not found or not to be reached. Each host is asked once, several at the same time.
pub async fn hosts(fetcher: &Fetcher, targets: &[(usize, Url)]) -> Result<(), Failure> {
    let mut known = HashSet::new();
    let mut hosts = targets.to_vec();
    hosts.retain(|(_, url)| known.insert(url.host_str().unwrap_or_default().to_owned()));
    let mut checks = stream::iter(hosts.into_iter().map(|(index, url)| {
        let fetcher = fetcher.clone();
        async move { host(&fetcher, &url).await.map_err(|error| wrong(index, &error.to_string())) }
    }))
    .buffered(RESOLUTIONS);
    while let Some(checked) = checks.next().await {
        checked?;
    }
    Ok(())
}

/// Checks that the host of an address is found, and may be reached.
pub async fn host(fetcher: &Fetcher, url: &Url) -> Result<(), TargetError> {
    timeout(RESOLUTION, fetcher.check(url)).await.unwrap_or_else(|_| {
        Err(TargetError::Unresolvable {
            host: url.host_str().unwrap_or_default().to_owned(),
            reason: format!("no answer within {} seconds", RESOLUTION.as_secs()),
        })
    })
}

/// The targets as a frontier begins with them.
pub fn frontier(targets: Vec<(usize, Url)>) -> Vec<NewAddress> {
    let address = |(_, url): (usize, Url)| NewAddress {
        platform: switchboard_crawler::platform(&url),
        url: url.into(),
        depth: 0,
        hops: 0,
    };
    targets.into_iter().map(address).collect()
}

/// What is wrong with the target at a place.
fn wrong(index: usize, reason: &str) -> Failure {
    Failure::bad_request(format!("`targets[{index}]`: {reason}")).at(index)
}
