//! A run of this hub: sees it to its end.
//!
//! `platform` works on one platform, a `page` at a time; `hosts` knows what sites ask of crawlers; `news` tells how far
//! everything is; `ending` says in words how it ended.

mod ending;
mod fetched;
mod hosts;
mod keep;
mod news;
mod page;
mod platform;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{
    FutureExt, TryFutureExt,
    future::{try_join, try_join_all},
};
use switchboard_crawler::{Extractor, Fetcher};
use switchboard_protocol::{
    OrganizationId, RunId, ScrapePhase,
    rest::{PlatformProgress, ScrapeRunSnapshot},
};
use switchboard_store::{ClaimedScrape, Held, Store, StoreError, Telling};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{MissedTickBehavior, interval},
};

use self::{
    ending::{Ending, Outcome},
    hosts::Hosts,
    news::News,
    platform::Platform,
};
use super::scraper::{Scraper, lease_until};

pub use self::ending::CANCELLED;

/// How long it is from one renewal of the lease to the next: two may fail before it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// What a run says that goes on after its crawler was lost.
const RESUMED: &str = "Goes on where it was: the hub was restarted.";

/// What all parts of a run share.
struct Run {
    store: Arc<dyn Store>,
    fetcher: Fetcher,
    organization: OrganizationId,
    id: RunId,
    limits: Limits,
    extractor: Option<Extractor>,
    hosts: Hosts,
    news: News,
}

/// A run's limits, all of them given.
#[derive(Debug, Clone, Copy)]
struct Limits {
    max_pages: u32,
    max_depth: u32,
    concurrency: usize,
}

/// Why a run is let go of without being ended.
#[derive(Debug, thiserror::Error)]
enum LetGo {
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    #[error("it is another crawler's, or has ended")]
    Lost,
    #[error("the hub stops")]
    Stopping,
}

/// Crawls a run until it ends, unless the hub stops or somebody else has it. Its seat is free for the next one then.
pub async fn work(scraper: Arc<Scraper>, claimed: ClaimedScrape, _seat: OwnedSemaphorePermit) {
    let (organization, id) = (claimed.organization.clone(), claimed.summary.run_id.clone());
    tracing::info!(run = %id, %organization, resumed = claimed.resumed, "a scrape run begins");
    match see_to_end(&scraper, claimed).await {
        Ok(phase) => {
            tracing::info!(run = %id, %organization, phase = phase.as_str(), "a scrape run has ended");
        }
        Err(LetGo::Store(error)) => {
            tracing::error!(run = %id, %error, "a scrape run is begun again later because of the store");
        }
        Err(reason) => tracing::info!(run = %id, %reason, "let go of a scrape run"),
    }
}

async fn see_to_end(scraper: &Scraper, claimed: ClaimedScrape) -> Result<ScrapePhase, LetGo> {
    let registered = scraper.register(&claimed);
    let (organization, id) = (claimed.organization.clone(), claimed.summary.run_id.clone());
    let ending = tokio::select! {
        biased;
        // The next start goes on with it.
        () = scraper.stop.cancelled() => return Err(LetGo::Stopping),
        () = registered.cancelled.cancelled() => Ending::cancelled(),
        held = hold(scraper, &organization, &id) => match held {
            Held::Cancelling => Ending::cancelled(),
            Held::Lost | Held::Yours => return Err(LetGo::Lost),
        },
        crawled = guarded(crawl(scraper, claimed)) => crawled?,
    };
    let phase = ending.phase;
    let telling = ending.telling();
    tokio::select! {
        biased;
        told = keep::stored(|| {
            scraper.store.tell_progress(organization.clone(), id.clone(), telling.clone())
        }) => told?,
        () = scraper.stop.cancelled() => return Err(LetGo::Stopping),
    }
    Ok(phase)
}

/// Renews the lease as long as it can be, and returns when the run is to be let go of, or to be ended.
async fn hold(scraper: &Scraper, organization: &OrganizationId, id: &RunId) -> Held {
    // The first is due at once: somebody may have asked for the run's end before it was known here.
    let mut due = interval(RENEW_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let (crawler, until) = (scraper.crawler.clone(), lease_until());
        match scraper.store.renew_scrape(organization.clone(), id.clone(), crawler, until).await {
            Ok(Held::Yours) => {}
            Ok(held) => return held,
            Err(error) => tracing::warn!(run = %id, %error, "cannot renew a lease; trying again"),
        }
    }
}

/// What comes of crawling, also where it panics. Dropping this stops whatever is under way.
async fn guarded(crawling: impl Future<Output = Result<Ending, LetGo>>) -> Result<Ending, LetGo> {
    AssertUnwindSafe(crawling).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = text.unwrap_or("no words"), "a scrape run panicked");
        Ok(Ending::fault())
    })
}

/// Crawls all platforms of a run side by side.
async fn crawl(scraper: &Scraper, claimed: ClaimedScrape) -> Result<Ending, LetGo> {
    if claimed.cancelling {
        return Ok(Ending::cancelled());
    }
    let extractor = match claimed.extract.as_ref().map(Extractor::new).transpose() {
        Ok(extractor) => extractor,
        Err(error) => return Ok(Ending::failed(format!("`extract` cannot be used: {error}"))),
    };
    let given = claimed.limits;
    let concurrency = usize::try_from(given.concurrency.unwrap_or(1)).unwrap_or(1).max(1);
    let delay = Duration::from_millis(given.delay_ms.unwrap_or(0).into());
    let run = Arc::new(Run {
        store: Arc::clone(&scraper.store),
        fetcher: scraper.fetcher.clone(),
        organization: claimed.organization.clone(),
        id: claimed.summary.run_id.clone(),
        limits: Limits {
            max_pages: given.max_pages.unwrap_or(u32::MAX),
            max_depth: given.max_depth.unwrap_or(u32::MAX),
            concurrency,
        },
        extractor,
        hosts: Hosts::new(scraper.fetcher.clone(), delay, concurrency),
        news: News::default(),
    });
    let platforms = platforms(&run, &claimed);
    // What a lost crawler stored and did not tell of is told of first.
    let first = Telling {
        platforms: run.news.take(),
        phase: Some(ScrapePhase::Running),
        message: Some(if claimed.resumed { RESUMED.into() } else { String::new() }),
        end: None,
    };
    run.tell(first).await?;
    let crawling = async {
        let outcomes = try_join_all(platforms.into_iter().map(Work::outcome)).await;
        run.news.close();
        outcomes
    };
    let (outcomes, ()) = try_join(crawling, run.news.keep_telling(&run).map_err(LetGo::from)).await?;
    let now = run.snapshot().await?;
    Ok(Ending::of(outcomes, run.news.take(), now.as_ref(), run.limits.max_pages))
}

/// A platform's share of the work: all of it, or what came of it before the hub was restarted.
enum Work {
    Crawl(Platform),
    Done(Outcome),
}

impl Work {
    async fn outcome(self) -> Result<Outcome, LetGo> {
        match self {
            Self::Crawl(platform) => platform.crawl().await,
            Self::Done(outcome) => Ok(outcome),
        }
    }
}

/// The platforms of a run, in the order of its targets. News of those that work begins with that.
fn platforms(run: &Arc<Run>, claimed: &ClaimedScrape) -> Vec<Work> {
    let mut roots: Vec<(String, Vec<String>)> = Vec::new();
    for root in &claimed.roots {
        match roots.iter_mut().find(|(platform, _)| *platform == root.platform) {
            Some((_, urls)) => urls.push(root.url.clone()),
            None => roots.push((root.platform.clone(), vec![root.url.clone()])),
        }
    }
    let known: HashMap<&str, &PlatformProgress> =
        claimed.summary.platforms.iter().map(|known| (known.platform.as_str(), known)).collect();
    roots
        .into_iter()
        .map(|(platform, urls)| match known.get(platform.as_str()) {
            Some(known) if known.phase.is_final() => Work::Done(Outcome {
                platform,
                failure: (known.phase == ScrapePhase::Failed)
                    .then(|| known.message.clone().unwrap_or_else(|| "It failed.".into())),
            }),
            _ => Work::Crawl(Platform::new(Arc::clone(run), platform, &urls)),
        })
        .collect()
}

impl Run {
    /// Appends news of the run to the log.
    async fn tell(&self, telling: Telling) -> Result<(), StoreError> {
        keep::stored(|| self.store.tell_progress(self.organization.clone(), self.id.clone(), telling.clone()))
            .await
    }

    /// The run as it is stored.
    async fn snapshot(&self) -> Result<Option<ScrapeRunSnapshot>, StoreError> {
        keep::stored(|| self.store.scrape_run(self.organization.clone(), self.id.clone(), 1)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_that_panics_fails_in_words_that_are_not_those_of_the_fault() {
        let panicking = async { panic!("slice index 7 is out of range") };
        let ending = guarded(panicking).await.unwrap();
        let telling = ending.telling();
        assert_eq!(telling.end, Some(ScrapePhase::Failed));
        let words = telling.message.unwrap();
        assert!(words.contains("fault of its own") && !words.contains("slice"), "{words}");
    }
}
