//! Scrape runs: those that this hub's crawler works on, and those that other programs report.

use switchboard_protocol::{
    OrganizationId, RunId, ScrapePhase, ScrapedItem, ScrapedPage, Timestamp,
    rest::{
        Extraction, ScrapeItem, ScrapeItemList, ScrapeLimits, ScrapePageList, ScrapeRunList,
        ScrapeRunSnapshot, ScrapeRunSummary,
    },
};

use crate::Answer;

/// How many pages a snapshot carries, and one page of pages or items at most.
pub const MAX_SCRAPE_ROWS: usize = 1000;

/// How often an address is begun at most: once, and twice more where the hub was lost with it. A page that has cost
/// three hubs is likelier to be the reason than the victim.
pub const MOST_PAGE_ATTEMPTS: u32 = 3;

/// How many addresses a run holds at most, whatever its limit of pages.
pub const MOST_ADDRESSES: u32 = 1_000_000;

/// How many pages, and how many items, of a run that another program reports are kept at most. Frames beyond that are
/// stored and delivered as ever, and what they carry too many is left out of the run.
pub const MOST_REPORTED_ROWS: u64 = 200_000;

/// Scrape runs.
///
/// A run comes to exist in one of two ways. [`start_scrape`](Self::start_scrape) makes one for a crawler that works on this
/// store: it has a frontier, the addresses that are to be fetched, and what it fetched is never fetched again, whatever
/// happens to the crawler. A run that another program reports comes to exist with its first `scrape_progress` frame
/// ([`Fold::Scrape`](crate::Fold::Scrape)), whose `pages` and `results` are kept as the crawler's are, up to
/// [`MOST_REPORTED_ROWS`]. A page or a result that names no platform gets its frame's.
///
/// Each call changes everything that it means in one transaction, the log included. What lists show of a run is folded
/// by `switchboard_model::apply_progress` from the frames of the log and from nothing else, for both kinds; title and
/// targets are what the run was started with. When a frame makes a run known or changes its phase, the log gets one
/// `dashboard:update` with a [`rest::ScrapeRunChanged`](switchboard_protocol::rest::ScrapeRunChanged) after the batch.
///
/// Addresses are text to the store, compared byte by byte: who calls normalizes them.
pub trait Scrapes: Send + Sync + 'static {
    /// Stores a run in phase pending with its targets in the frontier, and appends a `scrape_progress` that says so: the
    /// whole run's, with the number of its targets as its total, and then one for each platform in the targets' order.
    /// Targets beyond the limit of pages are left out of the frontier, as any address is.
    fn start_scrape(&self, organization: OrganizationId, run: NewScrape) -> Answer<'_, StartOutcome>;

    /// A page of runs, the newest first: in the order in which they became known. `seq` is the head that it is as of.
    fn scrape_runs(&self, organization: OrganizationId, query: ScrapeQuery) -> Answer<'_, ScrapeRunList>;

    /// One run with its latest `limit` pages (at most [`MAX_SCRAPE_ROWS`]), as of one moment. Pages that no frame of
    /// the log has told of yet are left out, so that a frame after `seq` never repeats one.
    fn scrape_run(
        &self,
        organization: OrganizationId,
        run: RunId,
        limit: usize,
    ) -> Answer<'_, Option<ScrapeRunSnapshot>>;

    /// A page of a run's pages, the latest first, those included that no frame has told of yet.
    fn scrape_pages(
        &self,
        organization: OrganizationId,
        run: RunId,
        query: RowQuery,
    ) -> Answer<'_, Option<ScrapePageList>>;

    /// A page of a run's items, the latest first.
    fn scrape_items(
        &self,
        organization: OrganizationId,
        run: RunId,
        query: RowQuery,
    ) -> Answer<'_, Option<ScrapeItemList>>;

    /// A run's pages after the number `after` (0 is before the first), oldest first, at most `limit`: for exports, which
    /// read to the end in portions. Each has its number in the run, from 1. A portion may end before `limit` where rows are
    /// long, so only an empty one says that there is no more.
    fn scrape_pages_after(
        &self,
        organization: OrganizationId,
        run: RunId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, ScrapedPage)>>;

    /// A run's items after the number `after`, oldest first, at most `limit`. Only an empty portion says that there is no
    /// more.
    fn scrape_items_after(
        &self,
        organization: OrganizationId,
        run: RunId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<ScrapeItem>>;

    /// Gives a run that has not ended to a crawler: the oldest that nobody holds, or whose lease has run out by `now`, or
    /// whose crawler `is_lost` says is gone. Its addresses that were being fetched wait again.
    fn claim_scrape(&self, claim: ScrapeClaim) -> Answer<'_, Option<ClaimedScrape>>;

    /// Prolongs a crawler's lease, and tells what it has to know.
    fn renew_scrape(
        &self,
        organization: OrganizationId,
        run: RunId,
        crawler: String,
        lease_until: Timestamp,
    ) -> Answer<'_, Held>;

    /// Takes up to `limit` (at most [`MAX_SCRAPE_ROWS`]) waiting addresses of one platform, those found first first,
    /// and marks them as being fetched. An address that has been begun [`MOST_PAGE_ATTEMPTS`] times is finished
    /// instead, as a page whose error says so, and not answered. Answers nothing where the run has ended or is to be
    /// cancelled.
    fn take_addresses(
        &self,
        organization: OrganizationId,
        run: RunId,
        platform: String,
        limit: usize,
    ) -> Answer<'_, Vec<Address>>;

    /// Adds addresses to a run's frontier; see [`Finished::found`]. Answers how many were new.
    fn add_addresses(
        &self,
        organization: OrganizationId,
        run: RunId,
        found: Vec<NewAddress>,
    ) -> Answer<'_, u64>;

    /// Stores fetched pages with their items, and adds what was found in them to the frontier. Durable when it returns.
    /// An address that is finished already is left as it is, and its page and items are not stored again, but what was
    /// found in it is added; so it is with an address that the run does not have. An item that names no address or
    /// platform gets its page's. Nothing is told of them yet: [`tell_progress`](Self::tell_progress) does. Nothing is
    /// stored once the run has ended.
    fn finish_pages(
        &self,
        organization: OrganizationId,
        run: RunId,
        finished: Vec<Finished>,
    ) -> Answer<'_, ()>;

    /// Appends frames of a run of this store: for each of `platforms` one `scrape_progress` with its numbers as they
    /// are stored (pages done, pages known, items, bytes, errors), the phase and message that are given, and its
    /// `pages` that no frame has told of yet; then one for the whole run without pages. A frame has at most 200 pages
    /// and about 256 KiB of them; the rest follow in further frames of the same call. With `end`, every platform with
    /// something untold or with addresses that were not finished is included, whether named or not, and the run's frame
    /// has that phase and message: from then on the run has ended, its addresses that were not finished are dropped,
    /// and its total and its platforms' are what was done. A run that has ended already is left as it is, and nothing
    /// is appended.
    ///
    /// The total of the whole run is the number of its addresses, done and waiting.
    fn tell_progress(&self, organization: OrganizationId, run: RunId, telling: Telling) -> Answer<'_, ()>;

    /// Asks the crawler of a run to end it; see [`Held::Cancelling`]. A run that nobody has taken yet ends at once, as
    /// [`tell_progress`](Self::tell_progress) would with `message`.
    fn cancel_scrape(
        &self,
        organization: OrganizationId,
        run: RunId,
        message: String,
    ) -> Answer<'_, CancelOutcome>;
}

/// A run that is to be made.
#[derive(Debug, Clone)]
pub struct NewScrape {
    /// Its name. One that is known already in this organization is not made again.
    pub run_id: RunId,
    /// What it is called.
    pub title: Option<String>,
    /// The addresses that it begins with, at least one, at depth 0.
    pub targets: Vec<NewAddress>,
    /// Its limits, all of them given. No more than `max_pages` addresses (and [`MOST_ADDRESSES`]) ever enter its frontier.
    pub limits: ScrapeLimits,
    /// What it takes out of pages.
    pub extract: Option<Extraction>,
}

/// What [`Scrapes::start_scrape`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartOutcome {
    /// The run is made.
    Started,
    /// There is a run of that name. Nothing was stored.
    Known,
}

/// An address for a frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    /// The address.
    pub url: String,
    /// The platform that it belongs to.
    pub platform: String,
    /// How many links away from a target it is.
    pub depth: u32,
    /// How many redirects in a row led to it.
    pub hops: u32,
}

/// An address that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub url: String,
    /// How many links away from a target it is.
    pub depth: u32,
    /// How many redirects in a row led to it.
    pub hops: u32,
    /// How often it has been begun, this time included.
    pub attempt: u32,
}

/// A fetched page.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// What became of it. Its `url` is the address as it was taken, and its `platform` is set.
    pub page: ScrapedPage,
    /// The items that were found in it.
    pub items: Vec<ScrapedItem>,
    /// The addresses that were found in it. Those that the run knows already, and those beyond its limit of pages, are
    /// left out.
    pub found: Vec<NewAddress>,
}

/// Which runs a list shows.
#[derive(Debug, Clone, Default)]
pub struct ScrapeQuery {
    /// Only those in this phase.
    pub phase: Option<ScrapePhase>,
    /// Only those whose name, title, targets or platforms hold this text, in any case. Blank is no condition.
    pub text: Option<String>,
    /// At most this many; the implementation holds it inside 1 to [`MAX_PAGE`](crate::MAX_PAGE).
    pub limit: usize,
    /// Only those after this place in the order, as an earlier page's `next_before` gave it.
    pub before: Option<String>,
}

/// Which rows of a run are read.
#[derive(Debug, Clone, Default)]
pub struct RowQuery {
    /// At most this many; held inside 1 to [`MAX_SCRAPE_ROWS`]. Fewer come where rows are long.
    pub limit: usize,
    /// Only those after this place in the order, as an earlier page's `next_before` gave it.
    pub before: Option<String>,
}

/// Who wants a run.
#[derive(Debug, Clone)]
pub struct ScrapeClaim {
    /// Who takes it.
    pub crawler: String,
    /// The moment of the claim.
    pub now: Timestamp,
    /// When the lease runs out.
    pub lease_until: Timestamp,
    /// Whether another crawler is known to be gone, though its lease runs. It is never asked of [`crawler`](Self::crawler):
    /// a run whose lease that one holds is not given again.
    pub is_lost: fn(&str) -> bool,
}

/// A run that a crawler holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedScrape {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What is known of it.
    pub summary: ScrapeRunSummary,
    /// Its limits.
    pub limits: ScrapeLimits,
    /// What it takes out of pages.
    pub extract: Option<Extraction>,
    /// Its addresses of depth 0, with those that they redirect to: which hosts belong to which platform.
    pub roots: Vec<NewAddress>,
    /// Each platform with how many addresses of it wait.
    pub waiting: Vec<(String, u64)>,
    /// Whether another crawler had it before, and was lost.
    pub resumed: bool,
    /// Whether it is to be cancelled.
    pub cancelling: bool,
}

/// What a crawler hears when it prolongs its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The run is its own.
    Yours,
    /// The run is its own, and is to be ended.
    Cancelling,
    /// Somebody else has it, or it has ended: let go of it.
    Lost,
}

/// What a crawler wants to be told of a run.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    /// The platforms that have news.
    pub platforms: Vec<PlatformNews>,
    /// The phase of the run, while it runs.
    pub phase: Option<ScrapePhase>,
    /// What is being done in the whole run, or how it ended; empty takes back what was said.
    pub message: Option<String>,
    /// How the run ends: completed, failed or cancelled.
    pub end: Option<ScrapePhase>,
}

/// What is new of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformNews {
    /// Which.
    pub platform: String,
    /// Its phase.
    pub phase: ScrapePhase,
    /// What is being done there, or how it ended; empty takes back what was said.
    pub message: Option<String>,
}

/// What [`Scrapes::cancel_scrape`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// Its crawler will hear of it.
    Asked,
    /// It is cancelled: nobody had begun it.
    Cancelled,
    /// It had ended before.
    Ended(ScrapePhase),
    /// Another program reports it, so it can only be stopped there.
    NotOurs,
    /// There is no such run.
    Unknown,
}
