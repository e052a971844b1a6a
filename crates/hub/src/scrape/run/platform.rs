//! One platform of a run: its addresses, as many at a time as it may.

use std::{
    collections::{HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError},
};

use switchboard_crawler::SiteError;
use switchboard_protocol::{ScrapePhase, rest::PlatformProgress};
use switchboard_store::{Address, NewAddress, PlatformNews, StoreError, Telling};
use tokio::task::JoinSet;
use url::Url;

use super::{
    LetGo, Run,
    ending::{Outcome, platform_message},
    fetched, keep,
    page::{self, Done},
};

/// How many addresses are added to a frontier in one transaction.
const ADDRESSES_AT_ONCE: usize = 1_000;

/// How many forbidden addresses are told apart when they are counted.
const MOST_FORBIDDEN: usize = 100_000;

/// How many addresses of a frontier are known without asking the store.
const MOST_KNOWN: usize = 200_000;

/// One platform of a run.
pub struct Platform {
    run: Arc<Run>,
    scope: Arc<Scope>,
    roots: Vec<Url>,
}

/// What belongs to a platform. Its pages share it.
pub struct Scope {
    /// The platform's name.
    pub name: String,
    /// Its hosts, each with its port where that is not the usual one: more than one where a target redirects to another.
    hosts: Mutex<HashSet<String>>,
    /// Addresses of hosts that became its own since this was last looked at.
    adopted: Mutex<Vec<Url>>,
    /// The addresses that `robots.txt` forbade, by their hashes.
    forbidden: Mutex<HashSet<u64>>,
    /// Addresses that the store has been given, by their hashes. The pages of a site have most links in common, and the store
    /// need not look for them again and again.
    known: Mutex<HashSet<u64>>,
}

/// What came of a platform's pages.
#[derive(Default)]
struct Tally {
    /// Whether any of them could be fetched.
    has_fetched: bool,
    /// Why the last that could not be fetched was not.
    last_error: Option<String>,
}

impl Scope {
    /// Whether an address is of one of its hosts.
    pub fn holds(&self, url: &Url) -> bool {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.contains(&switchboard_crawler::platform(url))
    }

    /// Makes the host of an address one of its own.
    pub fn adopt(&self, url: &Url) {
        let host = switchboard_crawler::platform(url);
        if self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host) {
            self.adopted.lock().unwrap_or_else(PoisonError::into_inner).push(url.clone());
        }
    }

    /// An address of each host that became its own since this was last asked.
    fn take_adopted(&self) -> Vec<Url> {
        std::mem::take(&mut *self.adopted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a forbidden address, each once.
    pub fn forbid(&self, url: &Url) {
        let mut forbidden = self.forbidden.lock().unwrap_or_else(PoisonError::into_inner);
        if forbidden.len() < MOST_FORBIDDEN {
            forbidden.insert(hash(url.as_str()));
        }
    }

    /// Leaves out the addresses that the store has been given.
    pub fn leave_out_known(&self, found: &mut Vec<NewAddress>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|address| !known.contains(&hash(&address.url)));
    }

    /// Remembers what the store has been given, once it is durable.
    pub fn know(&self, found: &[NewAddress]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_KNOWN.saturating_sub(known.len());
        known.extend(found.iter().take(room).map(|address| hash(&address.url)));
    }

    fn forbidden_count(&self) -> usize {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Platform {
    /// A platform with the addresses of depth 0 that belong to it, and news of it.
    pub fn new(run: Arc<Run>, name: String, roots: &[String]) -> Self {
        let roots: Vec<Url> = roots.iter().filter_map(|root| Url::parse(root).ok()).collect();
        let scope = Scope {
            name,
            hosts: Mutex::default(),
            adopted: Mutex::default(),
            forbidden: Mutex::default(),
            known: Mutex::default(),
        };
        for root in &roots {
            scope.adopt(root);
        }
        let platform = Self { run, scope: Arc::new(scope), roots };
        platform.say("Reading robots.txt.");
        platform
    }

    /// Fetches all that is in its frontier, and all that is found there.
    pub async fn crawl(self) -> Result<Outcome, LetGo> {
        if let Err(error) = self.ask_hosts().await {
            return Ok(self.failed(error.to_string()));
        }
        let all_forbidden =
            !self.roots.is_empty() && self.roots.iter().all(|root| self.run.hosts.forbids(root));
        if all_forbidden {
            self.scope.take_adopted();
        }
        let tally = self.fetch_all().await?;
        if all_forbidden {
            return Ok(self.failed(format!("The robots.txt of {} forbids every target.", self.scope.name)));
        }
        let numbers = self.numbers().await?;
        if !tally.has_fetched && !self.had_fetched(&numbers).await? {
            let reason = tally.last_error.unwrap_or_default();
            return Ok(self.failed(format!("No page could be fetched. {reason}").trim().to_owned()));
        }
        let message = platform_message(&numbers, self.scope.forbidden_count());
        self.run.news.say(&self.scope.name, ScrapePhase::Completed, Some(message));
        Ok(Outcome { platform: self.scope.name.clone(), failure: None })
    }

    /// Asks the hosts of its targets what they allow. An error where not one of them says so.
    async fn ask_hosts(&self) -> Result<(), SiteError> {
        let mut error = None;
        let own = self.roots.iter().filter(|root| switchboard_crawler::platform(root) == self.scope.name);
        for root in own {
            let known = self.run.hosts.of(root).await;
            match known.get().map(|host| &host.site) {
                Some(Err(site_error)) => error = error.or_else(|| Some(site_error.clone())),
                _ => return Ok(()),
            }
        }
        error.map_or(Ok(()), Err)
    }

    /// Adds what the sitemaps of new hosts name, as if a target linked there.
    async fn read_sitemaps(&self) -> Result<(), StoreError> {
        let adopted = self.scope.take_adopted();
        if self.run.limits.max_depth == 0 || adopted.is_empty() {
            return Ok(());
        }
        self.say("Reading the sitemap.");
        let limit = usize::try_from(self.run.limits.max_pages).unwrap_or(usize::MAX);
        for host in adopted {
            let known = self.run.hosts.of(&host).await;
            let Some(Ok(site)) = known.get().map(|host| &host.site) else { continue };
            let urls = self.run.fetcher.sitemap(site, limit).await;
            let found: Vec<NewAddress> =
                urls.into_iter().filter_map(|url| page::linked(&self.run, &self.scope, &url, 1)).collect();
            for portion in found.chunks(ADDRESSES_AT_ONCE) {
                let (organization, id) = (&self.run.organization, &self.run.id);
                keep::stored(|| {
                    self.run.store.add_addresses(organization.clone(), id.clone(), portion.to_vec())
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Fetches pages until there is no address left, and none can be found any more.
    async fn fetch_all(&self) -> Result<Tally, StoreError> {
        let concurrency = self.run.limits.concurrency;
        let mut tally = Tally::default();
        let mut waiting = VecDeque::new();
        // Tasks of their own, so that a page that is parsed or stored holds up no other. Dropping this ends them.
        let mut pages: JoinSet<Result<Done, StoreError>> = JoinSet::new();
        loop {
            self.read_sitemaps().await?;
            while pages.len() < concurrency {
                if waiting.is_empty() {
                    waiting.extend(self.take(concurrency).await?);
                }
                let Some(address) = waiting.pop_front() else { break };
                pages.spawn(page::work(Arc::clone(&self.run), Arc::clone(&self.scope), address));
            }
            match pages.join_next().await {
                Some(Ok(done)) => tally.add(done?),
                Some(Err(error)) => {
                    if let Ok(panic) = error.try_into_panic() {
                        resume_unwind(panic);
                    }
                }
                // Nothing was under way when there was nothing to take, so nothing more can be found.
                None => return Ok(tally),
            }
        }
    }

    /// The next addresses: as many as are fetched at the same time, so that a lost hub has begun few of them in vain.
    async fn take(&self, limit: usize) -> Result<Vec<Address>, StoreError> {
        let (run, name) = (&self.run, &self.scope.name);
        keep::stored(|| {
            run.store.take_addresses(run.organization.clone(), run.id.clone(), name.clone(), limit)
        })
        .await
    }

    /// Its numbers as they are stored.
    async fn numbers(&self) -> Result<PlatformProgress, StoreError> {
        let name = &self.scope.name;
        let news = PlatformNews { platform: name.clone(), phase: ScrapePhase::Running, message: None };
        // Lists show what was told, so all is told first.
        self.run.tell(Telling { platforms: vec![news], ..Telling::default() }).await?;
        let now = self.run.snapshot().await?;
        let platforms = now.map(|now| now.summary.platforms).unwrap_or_default();
        let found = platforms.into_iter().find(|platform| platform.platform == *name);
        Ok(found.unwrap_or_else(|| PlatformProgress::of(name.as_str())))
    }

    /// Whether any of its pages was fetched: before the hub was restarted, if not since.
    async fn had_fetched(&self, numbers: &PlatformProgress) -> Result<bool, StoreError> {
        let run = &self.run;
        fetched::any(&*run.store, &run.organization, &run.id, numbers).await
    }

    fn failed(&self, reason: String) -> Outcome {
        self.run.news.say(&self.scope.name, ScrapePhase::Failed, Some(reason.clone()));
        Outcome { platform: self.scope.name.clone(), failure: Some(reason) }
    }

    fn say(&self, message: &str) {
        self.run.news.say(&self.scope.name, ScrapePhase::Running, Some(message.to_owned()));
    }
}

fn hash(address: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    hasher.finish()
}

impl Tally {
    fn add(&mut self, done: Done) {
        self.has_fetched |= done.was_fetched;
        self.last_error = done.error.or(self.last_error.take());
    }
}
