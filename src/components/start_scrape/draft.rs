//! What is being written in the dialog: it stays while the tab lives, also when the dialog closes.

use leptos::prelude::*;
use switchboard_protocol::rest::{Extraction, ScrapeField, ScrapeLimits, ScrapeRunSummary};

use super::problem::{Place, Problem};

/// What to fill the dialog in with: a run's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScrapeDraft {
    /// The addresses to begin with.
    pub targets: Vec<String>,
    /// What the run is called.
    pub title: Option<String>,
    /// The limits to keep.
    pub limits: ScrapeLimits,
    /// What to take out of pages.
    pub extract: Option<Extraction>,
}

impl ScrapeDraft {
    /// The settings of a run, to run it again.
    pub fn of(run: &ScrapeRunSummary, limits: Option<ScrapeLimits>, extract: Option<Extraction>) -> Self {
        Self {
            targets: run.targets.clone(),
            title: run.title.clone(),
            limits: limits.unwrap_or_default(),
            extract,
        }
    }
}

/// The dialog's fields. They live as long as the page.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub targets: RwSignal<String>,
    pub title: RwSignal<String>,
    /// Pages, depth, delay, requests at a time: as [`LIMITS`] has them.
    pub limits: [RwSignal<String>; 4],
    pub item: RwSignal<String>,
    pub fields: RwSignal<Vec<FieldRow>>,
    /// The page to preview; empty is the first target.
    pub preview_url: RwSignal<String>,
    next_row: StoredValue<u32>,
}

/// One row of the selectors.
#[derive(Debug, Clone)]
pub(super) struct FieldRow {
    pub key: u32,
    pub name: ArcRwSignal<String>,
    pub selector: ArcRwSignal<String>,
    pub attribute: ArcRwSignal<String>,
    pub many: ArcRwSignal<bool>,
}

/// A limit: what it is called, the server's name for it, and its default.
pub(super) const LIMITS: [(&str, &str, &str); 4] = [
    ("Max pages", "maxPages", "1,000"),
    ("Max depth", "maxDepth", "16"),
    ("Delay, ms", "delayMs", "50"),
    ("Concurrency", "concurrency", "4"),
];

impl Form {
    pub fn new() -> Self {
        let text = || RwSignal::new(String::new());
        let form = Self {
            targets: text(),
            title: text(),
            limits: [text(), text(), text(), text()],
            item: text(),
            fields: RwSignal::new(Vec::new()),
            preview_url: text(),
            next_row: StoredValue::new(0),
        };
        form.add_field();
        form
    }

    /// Writes a run's settings over what is there.
    pub fn fill(self, draft: ScrapeDraft) {
        self.targets.set(draft.targets.join("\n"));
        self.title.set(draft.title.unwrap_or_default());
        let ScrapeLimits { max_pages, max_depth, delay_ms, concurrency } = draft.limits;
        for (field, limit) in self.limits.into_iter().zip([max_pages, max_depth, delay_ms, concurrency]) {
            field.set(limit.map(|limit| limit.to_string()).unwrap_or_default());
        }
        let Extraction { item, fields } = draft.extract.unwrap_or_default();
        self.item.set(item.unwrap_or_default());
        // A row to write in is there in any case.
        let fields = if fields.is_empty() { vec![ScrapeField::default()] } else { fields };
        self.fields.set(fields.into_iter().map(|field| self.row(field)).collect());
        self.preview_url.set(String::new());
    }

    /// Adds an empty row of selectors.
    pub fn add_field(self) {
        let row = self.row(ScrapeField::default());
        self.fields.update(|fields| fields.push(row));
    }

    /// Takes a row of selectors away.
    pub fn remove_field(self, key: u32) {
        self.fields.update(|fields| fields.retain(|field| field.key != key));
    }

    fn row(self, field: ScrapeField) -> FieldRow {
        let key = self.next_row.get_value();
        self.next_row.set_value(key.wrapping_add(1));
        FieldRow {
            key,
            name: ArcRwSignal::new(field.name),
            selector: ArcRwSignal::new(field.selector),
            attribute: ArcRwSignal::new(field.attribute.unwrap_or_default()),
            many: ArcRwSignal::new(field.many),
        }
    }

    /// The targets, one a line.
    pub fn read_targets(self) -> Vec<String> {
        self.targets.with_untracked(|text| {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        })
    }

    /// The limits that were given, or which of them is none.
    pub fn read_limits(self) -> Result<ScrapeLimits, Problem> {
        let mut read = [None; 4];
        for (place, ((field, value), (label, ..))) in
            self.limits.into_iter().zip(&mut read).zip(LIMITS).enumerate()
        {
            // As numbers are written in the placeholders: with commas between the thousands.
            let text = field.with_untracked(|text| text.trim().replace(',', ""));
            if text.is_empty() {
                continue;
            }
            let wrong = || Problem {
                place: Place::Limit(place),
                text: format!("{label}: “{text}” is no whole number. Write digits only, or leave it empty."),
            };
            *value = Some(text.parse::<u32>().map_err(|_| wrong())?);
        }
        let [max_pages, max_depth, delay_ms, concurrency] = read;
        Ok(ScrapeLimits { max_pages, max_depth, delay_ms, concurrency })
    }

    /// What to take out of pages; `None` where nothing was written of it. Rows that are empty count for nothing.
    pub fn read_extraction(self) -> Option<Extraction> {
        let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let fields: Vec<_> = self.fields.with_untracked(|rows| {
            let field = |row: &FieldRow| ScrapeField {
                name: row.name.with_untracked(|name| name.trim().to_owned()),
                selector: row.selector.with_untracked(|selector| selector.trim().to_owned()),
                attribute: some(row.attribute.get_untracked()),
                many: row.many.get_untracked(),
            };
            let is_written = |field: &ScrapeField| {
                !field.name.is_empty() || !field.selector.is_empty() || field.attribute.is_some()
            };
            rows.iter().map(field).filter(is_written).collect()
        });
        let item = some(self.item.get_untracked());
        (item.is_some() || !fields.is_empty()).then_some(Extraction { item, fields })
    }
}

/// The first target that has no scheme, and what it would be with one.
pub(super) fn without_scheme(targets: &[String]) -> Option<(String, String)> {
    let target = targets.iter().find(|target| !target.contains("://"))?;
    Some((target.clone(), format!("https://{}", target.trim_start_matches('/'))))
}
