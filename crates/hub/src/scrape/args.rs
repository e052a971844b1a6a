//! The arguments of `switchboard serve` about scraping.

use super::config::{DEFAULT_SCRAPE_RUNS, ScrapeConfig};
use crate::chat::unless_blank;

/// How sites are scraped. The fields' comments are the help's text.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Scraping")]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
pub struct ScrapeArgs {
    /// Let runs fetch addresses that are not public: of this machine, and of networks behind it. Whoever may start runs can
    /// then read what the hub can reach
    #[arg(
        long,
        env = "SWITCHBOARD_SCRAPE_ALLOW_PRIVATE",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    scrape_allow_private: bool,

    /// What the crawler calls itself to sites. Its first word, up to a `/`, is its name in robots.txt
    /// [default: Switchboard/VERSION …]
    #[arg(long, value_name = "TEXT", env = "SWITCHBOARD_SCRAPE_USER_AGENT")]
    scrape_user_agent: Option<String>,

    /// Runs that are crawled at the same time; further ones wait
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_SCRAPE_RUNS as u64,
        env = "SWITCHBOARD_SCRAPE_RUNS",
        value_parser = clap::value_parser!(u64).range(1..=64)
    )]
    scrape_runs: u64,
}

impl ScrapeArgs {
    /// What the arguments say.
    ///
    /// # Errors
    /// A number that this machine cannot count to.
    pub fn config(self) -> anyhow::Result<ScrapeConfig> {
        Ok(ScrapeConfig {
            allow_private: self.scrape_allow_private,
            user_agent: unless_blank(self.scrape_user_agent),
            runs: usize::try_from(self.scrape_runs)?,
        })
    }
}
