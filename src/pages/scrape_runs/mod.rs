//! `/scrape-runs` and `/scrape-runs/:runId`: the list of scrape runs, and one of them.

mod list;
mod run;

pub use list::ScrapeRunsPage;
pub use run::ScrapeRunPage;
