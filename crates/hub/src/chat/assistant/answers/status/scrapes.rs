//! Scrape runs.

use switchboard_model::duration_text;
use switchboard_protocol::{ScrapePhase, ScrapeProgress, Timestamp};

use super::super::{Asked, and_more, list, paragraphs, thousands};
use crate::chat::assistant::{
    intent::MOST_ROWS,
    markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, escape, first_line},
};

/// The most runs, and the most platforms of one, that are told apart.
const MOST_THINGS: usize = 1_000;

/// A scrape run, or one of its platforms, as far as the latest frames tell.
#[derive(Default)]
struct Progress {
    phase: Option<ScrapePhase>,
    current: Option<u64>,
    total: Option<u64>,
    message: Option<String>,
}

/// A scrape run.
pub struct Scrape {
    /// Its name.
    pub name: String,
    whole: Progress,
    platforms: Vec<(String, Progress)>,
    latest: Option<Timestamp>,
}

/// Adds what a frame tells, going from the newest to the oldest: what a newer one said holds.
pub fn add(runs: &mut Vec<Scrape>, frame: ScrapeProgress) {
    let name = frame.run_id.as_str();
    let known = runs.iter().position(|run| run.name == name);
    if known.is_none() && runs.len() == MOST_THINGS {
        return;
    }
    let index = known.unwrap_or(runs.len());
    if known.is_none() {
        let (whole, platforms) = (Progress::default(), Vec::new());
        runs.push(Scrape { name: name.to_owned(), whole, platforms, latest: frame.timestamp });
    }
    let Some(run) = runs.get_mut(index) else { return };
    let Some(platform) = &frame.platform else { return run.whole.add(frame) };
    let known = run.platforms.iter_mut().find(|(name, _)| name == platform);
    if let Some((_, progress)) = known {
        progress.add(frame);
    } else if run.platforms.len() < MOST_THINGS {
        let platform = platform.clone();
        let mut progress = Progress::default();
        progress.add(frame);
        run.platforms.push((platform, progress));
    }
}

impl Progress {
    fn add(&mut self, frame: ScrapeProgress) {
        self.phase = self.phase.or(frame.phase);
        self.current = self.current.or(frame.current);
        self.total = self.total.or(frame.total);
        self.message = self.message.take().or(frame.message);
    }

    /// How far it is: `running, 40 of 100 pages, reading offers`.
    fn describe(&self) -> String {
        let phase = self.phase.map(|phase| format!("**{}**", phase.as_str()));
        let pages = match (self.current, self.total) {
            (Some(current), Some(total)) => {
                Some(format!("{} of {} pages", thousands(current), thousands(total)))
            }
            (Some(current), None) => Some(format!("{} pages", thousands(current))),
            (None, _) => None,
        };
        let message = self.message.as_deref().map(first_line).filter(|message| !message.is_empty());
        let message = message.map(|message| escape(message, LINE_CHARACTERS));
        let parts: Vec<String> = [phase, pages, message].into_iter().flatten().collect();
        if parts.is_empty() { "in an unknown phase".to_owned() } else { parts.join(", ") }
    }
}

impl Scrape {
    /// How it is, with a row for each platform.
    pub fn describe(&self, asked: &Asked<'_>) -> String {
        let shown = self.platforms.len().min(MOST_ROWS);
        let mut platforms: Vec<&(String, Progress)> = self.platforms.iter().collect();
        platforms.sort_by(|(one, _), (other, _)| one.cmp(other));
        let rows = platforms.into_iter().take(shown);
        let rows = rows
            .map(|(name, progress)| format!("{}: {}", escape(name, TITLE_CHARACTERS), progress.describe()));
        paragraphs([
            format!("Scrape run {}", self.row_without_kind(asked)),
            list(rows),
            and_more(self.platforms.len(), shown),
        ])
    }

    /// How it is, in a row of a list.
    pub fn row(&self, asked: &Asked<'_>) -> String {
        format!("scrape run {}", self.row_without_kind(asked))
    }

    fn row_without_kind(&self, asked: &Asked<'_>) -> String {
        let when = self.latest.map(|at| {
            let ago = duration_text(asked.now.millis_since(at));
            format!(" The latest report came at {} ({ago} ago).", asked.short(at))
        });
        let name = code(&self.name, TITLE_CHARACTERS);
        format!("{name} is {}.{}", self.whole.describe(), when.unwrap_or_default())
    }
}
