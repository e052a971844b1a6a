//! A run of this store's crawler, while a call works on it: its counters, and those of its platforms.

use std::collections::HashMap;

use rusqlite::{Row, Transaction, params};
use switchboard_protocol::{OrganizationId, RunId, ScrapedItem, ScrapedPage};

use super::{
    super::{changes::Changes, chat::find, failure::Failure},
    rows::Run,
};
use crate::NewAddress;

/// The columns that [`Platform::read`] reads.
macro_rules! platform_columns {
    () => {
        "id, name, addresses, waiting, pages, untold, items, bytes, errors"
    };
}

pub(super) use platform_columns;

pub(in crate::sqlite) const PLATFORM: &str =
    concat!("SELECT ", platform_columns!(), " FROM scrape_platforms WHERE id = ?1");
pub(in crate::sqlite) const PLATFORM_BY_NAME: &str =
    concat!("SELECT ", platform_columns!(), " FROM scrape_platforms WHERE run = ?1 AND name = ?2");
pub(in crate::sqlite) const KEEP_PLATFORM: &str = "UPDATE scrape_platforms SET addresses = ?2, waiting = ?3,
        pages = ?4, untold = ?5, items = ?6, bytes = ?7, errors = ?8
    WHERE id = ?1";
pub(in crate::sqlite) const KEEP_RUN: &str = "UPDATE scrape_work SET addresses = ?2, pages = ?3, told = ?4,
        items = ?5, bytes = ?6, errors = ?7
    WHERE run = ?1";
const ADD: &str = "INSERT INTO scrape_addresses (run, platform, depth, hops, state, attempt, url)
    VALUES (?1, ?2, ?3, ?4, 'waiting', 0, ?5) ON CONFLICT (run, url) DO NOTHING";

/// A platform of a run.
#[derive(Debug, Default)]
pub(super) struct Platform {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) addresses: u64,
    pub(super) waiting: u64,
    pub(super) pages: u64,
    /// How many of its pages no frame has told of.
    pub(super) untold: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
}

impl Platform {
    /// A platform, of the `platform_columns`.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            addresses: count(2)?,
            waiting: count(3)?,
            pages: count(4)?,
            untold: count(5)?,
            items: count(6)?,
            bytes: count(7)?,
            errors: count(8)?,
        })
    }
}

/// A run that has not ended, with those of its platforms that the call has to do with.
#[derive(Debug)]
pub(super) struct Crawl {
    pub(super) run: Run,
    platforms: HashMap<i64, Platform>,
    names: HashMap<String, i64>,
}

impl Crawl {
    /// Begins to work on a run.
    pub(super) fn of(run: Run) -> Self {
        Self { run, platforms: HashMap::new(), names: HashMap::new() }
    }

    /// The platform of that name; `None` where the run has none.
    pub(super) fn named(
        &mut self,
        transaction: &Transaction<'_>,
        name: &str,
    ) -> Result<Option<&mut Platform>, Failure> {
        let id = if let Some(id) = self.names.get(name) {
            *id
        } else {
            let params = params![self.run.id, name];
            let Some(platform) = find(transaction, PLATFORM_BY_NAME, params, Platform::read)? else {
                return Ok(None);
            };
            self.remember(platform)
        };
        Ok(self.platforms.get_mut(&id))
    }

    /// The platform of that row.
    pub(super) fn platform(
        &mut self,
        transaction: &Transaction<'_>,
        id: i64,
    ) -> Result<Option<&mut Platform>, Failure> {
        if !self.platforms.contains_key(&id)
            && let Some(platform) = find(transaction, PLATFORM, [id], Platform::read)?
        {
            self.remember(platform);
        }
        Ok(self.platforms.get_mut(&id))
    }

    fn remember(&mut self, platform: Platform) -> i64 {
        let id = platform.id;
        self.names.insert(platform.name.clone(), id);
        self.platforms.entry(id).or_insert(platform);
        id
    }

    /// Adds an address to the frontier, where it is new and there is room. Answers whether it was.
    pub(super) fn add(&mut self, transaction: &Transaction<'_>, new: &NewAddress) -> Result<bool, Failure> {
        if self.run.addresses >= self.run.most_addresses {
            return Ok(false);
        }
        let run = self.run.id;
        if self.named(transaction, &new.platform)?.is_none() {
            transaction
                .prepare_cached(
                    "INSERT INTO scrape_platforms (run, name, addresses, waiting, pages, untold, items, bytes, errors)
                     VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0)",
                )?
                .execute(params![run, new.platform])?;
            let id = transaction.last_insert_rowid();
            self.remember(Platform { id, name: new.platform.clone(), ..Platform::default() });
        }
        let Some(platform) = self.named(transaction, &new.platform)? else { return Ok(false) };
        let added = transaction.prepare_cached(ADD)?.execute(params![
            run,
            platform.id,
            new.depth,
            new.hops,
            new.url
        ])?;
        if added == 0 {
            return Ok(false);
        }
        platform.addresses += 1;
        platform.waiting += 1;
        self.run.addresses += 1;
        Ok(true)
    }

    /// Stores a page of a platform with its items, to be told of later, and counts them.
    pub(super) fn store(
        &mut self,
        changes: &Changes<'_>,
        platform: i64,
        page: &ScrapedPage,
        items: &[ScrapedItem],
    ) -> Result<(), Failure> {
        changes.insert_page(&mut self.run, Some(platform), page)?;
        for item in items {
            changes.insert_item(&mut self.run, item, Some(&page.url), page.platform.as_deref())?;
        }
        let (bytes, errors) = (page.bytes.unwrap_or(0), u64::from(page.is_failed()));
        self.run.bytes = self.run.bytes.saturating_add(bytes);
        self.run.errors += errors;
        if let Some(platform) = self.platform(changes.transaction, platform)? {
            platform.pages += 1;
            platform.untold += 1;
            platform.items += u64::try_from(items.len()).unwrap_or(u64::MAX);
            platform.bytes = platform.bytes.saturating_add(bytes);
            platform.errors += errors;
        }
        Ok(())
    }

    /// Writes the counters back.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let mut keep = transaction.prepare_cached(KEEP_PLATFORM)?;
        for platform in self.platforms.values() {
            keep.execute(params![
                platform.id,
                platform.addresses.cast_signed(),
                platform.waiting.cast_signed(),
                platform.pages.cast_signed(),
                platform.untold.cast_signed(),
                platform.items.cast_signed(),
                bounded(platform.bytes),
                platform.errors.cast_signed(),
            ])?;
        }
        write_counts(transaction, &self.run)
    }
}

/// Writes a run's counters back.
pub(super) fn write_counts(transaction: &Transaction<'_>, run: &Run) -> Result<(), Failure> {
    transaction.prepare_cached(KEEP_RUN)?.execute(params![
        run.id,
        run.addresses.cast_signed(),
        run.pages.cast_signed(),
        run.told.cast_signed(),
        run.items.cast_signed(),
        bounded(run.bytes),
        run.errors.cast_signed(),
    ])?;
    Ok(())
}

/// Bytes are what somebody else says, so their sum may be anything.
fn bounded(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Changes<'_> {
    /// A run of this store's crawler that has not ended.
    pub(super) fn crawl(&self, name: &OrganizationId, run: &RunId) -> Result<Option<Crawl>, Failure> {
        let Some(organization) = self.known_organization(name) else { return Ok(None) };
        let run = Run::find(self.transaction, organization.id, run)?;
        Ok(run.filter(|run| run.crawling).map(Crawl::of))
    }
}
