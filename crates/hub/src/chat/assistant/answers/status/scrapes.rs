//! Scrape runs.

use switchboard_model::duration_text;
use switchboard_protocol::{
    RunId, ScrapePhase,
    rest::{PlatformProgress, ScrapeRunSummary},
};
use switchboard_store::{MAX_PAGE, ScrapeQuery, StoreError};

use super::super::{Asked, and_more, list, paragraphs, thousands};
use crate::chat::assistant::{
    intent::MOST_ROWS,
    markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, escape, first_line},
};

/// A scrape run.
pub struct Scrape(ScrapeRunSummary);

/// The runs that became known last, the newest first.
pub async fn latest(asked: &Asked<'_>) -> Result<Vec<Scrape>, StoreError> {
    let query = ScrapeQuery { limit: MAX_PAGE, ..ScrapeQuery::default() };
    let runs = asked.store.scrape_runs(asked.organization.clone(), query).await?;
    Ok(runs.items.into_iter().map(Scrape).collect())
}

/// The run of that name or, where there is none, the newest of that name or title in another case.
pub async fn named(asked: &Asked<'_>, name: &str) -> Result<Option<Scrape>, StoreError> {
    let exact = asked.store.scrape_run(asked.organization.clone(), RunId::from(name), 1).await?;
    if let Some(found) = exact {
        return Ok(Some(Scrape(found.summary)));
    }
    let query = ScrapeQuery { text: Some(name.to_owned()), limit: MAX_PAGE, ..ScrapeQuery::default() };
    let runs = asked.store.scrape_runs(asked.organization.clone(), query).await?;
    let is_named = |other: &str| other.to_lowercase() == name.to_lowercase();
    let found = runs.items.into_iter().find(|run| {
        is_named(run.run_id.as_str()) || run.title.as_deref().is_some_and(|title| is_named(title.trim()))
    });
    Ok(found.map(Scrape))
}

/// How far something is: `**running**, 40 of 100 pages, reading offers`.
fn progress(phase: ScrapePhase, (current, total): (u64, u64), message: Option<&str>) -> String {
    let phase = format!("**{}**", phase.as_str());
    let pages = match (current, total) {
        (0, 0) => None,
        (current, 0) => Some(format!("{} pages", thousands(current))),
        (current, total) => Some(format!("{} of {} pages", thousands(current), thousands(total))),
    };
    // It stands in a sentence that has an end of its own.
    let message = message.map(first_line).map(|message| message.trim_end_matches('.'));
    let message =
        message.filter(|message| !message.is_empty()).map(|message| escape(message, LINE_CHARACTERS));
    [Some(phase), pages, message].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn platform(known: &PlatformProgress) -> String {
    let progress = progress(known.phase, (known.current, known.total), known.message.as_deref());
    format!("{}: {progress}", escape(&known.platform, TITLE_CHARACTERS))
}

impl Scrape {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.run_id.as_str()
    }

    /// How it is, with a row for each platform.
    pub fn describe(&self, asked: &Asked<'_>) -> String {
        let mut platforms: Vec<&PlatformProgress> = self.0.platforms.iter().collect();
        platforms.sort_by(|one, other| one.platform.cmp(&other.platform));
        let shown = platforms.len().min(MOST_ROWS);
        paragraphs([
            format!("Scrape run {}", self.row_without_kind(asked)),
            list(platforms.into_iter().take(shown).map(platform)),
            and_more(self.0.platforms.len(), shown),
        ])
    }

    /// How it is, in a row of a list.
    pub fn row(&self, asked: &Asked<'_>) -> String {
        format!("scrape run {}", self.row_without_kind(asked))
    }

    fn row_without_kind(&self, asked: &Asked<'_>) -> String {
        let run = &self.0;
        let when = run.updated_at.map(|at| {
            let ago = duration_text(asked.now.millis_since(at));
            format!(" The latest report came at {} ({ago} ago).", asked.short(at))
        });
        let name = code(run.run_id.as_str(), TITLE_CHARACTERS);
        let title = run.title.as_deref().map(|title| format!(" ({})", escape(title, TITLE_CHARACTERS)));
        let progress = progress(run.phase, (run.current, run.total), run.message.as_deref());
        format!("{name}{} is {progress}.{}", title.unwrap_or_default(), when.unwrap_or_default())
    }
}
