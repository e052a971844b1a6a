//! One scrape run as a page shows it: snapshot and later frames, folded.

use switchboard_protocol::{
    ScrapeProgress, ScrapedPage, Timestamp,
    rest::{Extraction, ScrapeLimits, ScrapeRunSnapshot, ScrapeRunSummary},
};

use crate::{
    Ring, VIEW_CAPACITY, apply_progress,
    rates::{Counted, Rates},
};

/// One run with its latest pages and how fast it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeRun {
    summary: ScrapeRunSummary,
    limits: Option<ScrapeLimits>,
    extract: Option<Extraction>,
    pages: Ring<ScrapedPage>,
    /// How many pages there were before the kept ones.
    earlier_pages: u64,
    rates: Rates,
    /// The snapshot's place in the log: what is not after it, the snapshot has.
    snapshot_seq: Option<u64>,
    /// The newest frame whose numbers are shown.
    numbers_seq: Option<u64>,
    latest: Option<ScrapeProgress>,
}

/// What a frame did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progressed {
    /// Something that is shown.
    Changed,
    /// It ended the run.
    Ended,
    /// Nothing: the snapshot has it, or the run had ended.
    Nothing,
}

impl ScrapeRun {
    /// A run as the server has it.
    pub fn from_snapshot(snapshot: ScrapeRunSnapshot) -> Self {
        let ScrapeRunSnapshot { summary, limits, extract, pages: latest, page_count, seq } = snapshot;
        let mut rates = Rates::default();
        for page in &latest {
            if let Some(at) = page.at {
                rates.add(
                    at,
                    Counted { pages: 1, items: page.items.unwrap_or(0), bytes: page.bytes.unwrap_or(0) },
                );
            }
        }
        let mut pages = Ring::new(VIEW_CAPACITY);
        let earlier_pages = page_count.saturating_sub(latest.len() as u64);
        pages.extend(latest);
        Self {
            summary,
            limits,
            extract,
            pages,
            earlier_pages,
            rates,
            snapshot_seq: seq,
            numbers_seq: seq,
            latest: None,
        }
    }

    /// Folds a frame of this run in. Frames come in the order of their log, except those that a server was proven to have
    /// left out, which come late: their pages count, their numbers are older than what is shown.
    pub fn apply(
        &mut self,
        seq: Option<u64>,
        progress: &ScrapeProgress,
        received_at: Timestamp,
    ) -> Progressed {
        if seq.zip(self.snapshot_seq).is_some_and(|(seq, snapshot)| seq <= snapshot) {
            return Progressed::Nothing;
        }
        let is_late = seq.zip(self.numbers_seq).is_some_and(|(seq, shown)| seq <= shown);
        let before = self.pages.total();
        for page in &progress.pages {
            // A number says what the snapshot has. Without one only the address does: a run fetches each once.
            if seq.is_some() || self.pages.iter().all(|known| known.url != page.url) {
                self.pages.push(page.clone());
            }
        }
        let grown = self.pages.total() != before;
        let had_ended = self.summary.phase.is_final();
        if is_late || had_ended {
            return if grown { Progressed::Changed } else { Progressed::Nothing };
        }
        self.numbers_seq = seq.or(self.numbers_seq);
        let before = self.counted();
        apply_progress(&mut self.summary, progress, received_at);
        let now = self.counted();
        let step = Counted {
            pages: now.pages.saturating_sub(before.pages),
            items: now.items.saturating_sub(before.items),
            bytes: now.bytes.saturating_sub(before.bytes),
        };
        if step != Counted::default() {
            self.rates.add(progress.timestamp.unwrap_or(received_at), step);
        }
        self.latest = Some(ScrapeProgress { pages: Vec::new(), results: Vec::new(), ..progress.clone() });
        if self.summary.phase.is_final() { Progressed::Ended } else { Progressed::Changed }
    }

    /// Takes over how fast it went as it was seen, where that says more than the snapshot's pages do.
    pub(crate) fn keep_rates(&mut self, before: &Self) {
        if before.rates.newest() >= self.rates.newest() {
            self.rates = before.rates.clone();
        }
        self.latest = self.latest.take().or_else(|| before.latest.clone());
    }

    /// What lists show of it.
    pub fn summary(&self) -> &ScrapeRunSummary {
        &self.summary
    }

    /// The limits that it keeps, where this server runs it.
    pub fn limits(&self) -> Option<ScrapeLimits> {
        self.limits
    }

    /// What it takes out of pages.
    pub fn extract(&self) -> Option<&Extraction> {
        self.extract.as_ref()
    }

    /// Its latest pages, oldest first.
    pub fn pages(&self) -> &Ring<ScrapedPage> {
        &self.pages
    }

    /// How many pages it has, those included that are not kept here.
    pub fn page_count(&self) -> u64 {
        self.earlier_pages + self.pages.total()
    }

    /// How fast it goes.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The frame that came last, without its pages and results.
    pub fn latest(&self) -> Option<&ScrapeProgress> {
        self.latest.as_ref()
    }

    /// The snapshot's place in the log, where the server says so. The frames after it have been folded in as they came.
    pub fn snapshot_seq(&self) -> Option<u64> {
        self.snapshot_seq
    }

    fn counted(&self) -> Counted {
        let ScrapeRunSummary { current, items, bytes, .. } = self.summary;
        Counted { pages: current, items, bytes }
    }
}
