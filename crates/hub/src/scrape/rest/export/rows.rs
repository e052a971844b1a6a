//! The rows of an export, read and written portion by portion.

use std::{collections::HashSet, io, sync::Arc};

use bytes::Bytes;
use futures::{Stream, stream};
use switchboard_protocol::{
    OrganizationId, RunId,
    rest::{Extraction, ScrapeItem},
};
use switchboard_store::{Store, StoreError};

use super::sheet::{ITEM_COLUMNS, PAGE_COLUMNS, Sheet};

/// How many rows are read at once.
const PORTION: usize = 500;

/// The most fields that an export of items has as columns.
const MOST_COLUMNS: usize = 1_000;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What was taken out of pages.
    Items,
    /// The pages.
    Pages,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Jsonl,
    /// A table.
    Csv,
}

/// The rows of a run.
#[derive(Clone)]
pub struct Rows {
    store: Arc<dyn Store>,
    organization: OrganizationId,
    run: RunId,
    what: What,
    format: Format,
    /// The fields of items that are columns.
    fields: Arc<[String]>,
    /// The number of the last row that was read.
    after: u64,
    /// The number of the last row that is exported.
    until: u64,
}

impl What {
    /// Its name in the query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Pages => "pages",
        }
    }
}

impl Format {
    /// Its name in the query, and the end of the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// What the file is.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

impl Rows {
    /// All rows that a run has.
    pub fn new(
        store: Arc<dyn Store>,
        organization: OrganizationId,
        run: RunId,
        what: What,
        format: Format,
    ) -> Self {
        Self { store, organization, run, what, format, fields: Arc::default(), after: 0, until: u64::MAX }
    }

    /// The file, as it is read from the store.
    pub async fn portions(
        mut self,
        extract: Option<&Extraction>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, StoreError> {
        let mut heading = Vec::new();
        if self.format == Format::Csv {
            if self.what == What::Items {
                self.find_fields(extract).await?;
            }
            heading = self.heading().map_err(|error| StoreError::Database(error.to_string()))?;
        }
        let heading = stream::iter((!heading.is_empty()).then(|| Ok(Bytes::from(heading))));
        let rows = stream::try_unfold(self, Self::step);
        Ok(futures::StreamExt::chain(heading, rows))
    }

    /// Which columns items have: the fields that the run takes out of pages, or else all that its items have. What comes
    /// while the export is written may have others, and so is left to the next export.
    async fn find_fields(&mut self, extract: Option<&Extraction>) -> Result<(), StoreError> {
        if let Some(extract) = extract {
            self.fields = extract.fields.iter().map(|field| field.name.clone()).collect();
            return Ok(());
        }
        let mut known = HashSet::new();
        let mut fields = Vec::new();
        let mut after = 0;
        loop {
            let items = self.items(after).await?;
            let Some(last) = items.last() else { break };
            after = last.number;
            for object in items.iter().filter_map(|item| item.fields.object()) {
                for name in object.names() {
                    if fields.len() < MOST_COLUMNS && !known.contains(name) {
                        known.insert(name.to_owned());
                        fields.push(name.to_owned());
                    }
                }
            }
        }
        self.until = after;
        self.fields = fields.into();
        Ok(())
    }

    fn heading(&self) -> Result<Vec<u8>, csv::Error> {
        let mut sheet = Sheet::new();
        match self.what {
            What::Pages => sheet.names(PAGE_COLUMNS)?,
            What::Items => {
                sheet.names(ITEM_COLUMNS.into_iter().chain(self.fields.iter().map(String::as_str)))?;
            }
        }
        Ok(sheet.into_bytes())
    }

    async fn step(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let written = match self.what {
            What::Pages => self.next_pages().await,
            What::Items => self.next_items().await,
        };
        let written = written.inspect_err(|error| {
            tracing::error!(run = %self.run, %error, "an export broke off");
        })?;
        Ok((!written.is_empty()).then(|| (written.into(), self)))
    }

    async fn next_pages(&mut self) -> io::Result<Vec<u8>> {
        let (organization, run) = (self.organization.clone(), self.run.clone());
        let pages = self.store.scrape_pages_after(organization, run, self.after, PORTION).await;
        let pages = pages.map_err(io::Error::other)?;
        self.after = pages.last().map_or(self.after, |(number, _)| *number);
        if self.format == Format::Jsonl {
            return lines(pages.iter().map(|(_, page)| page));
        }
        let mut sheet = Sheet::new();
        pages.iter().try_for_each(|(_, page)| sheet.page(page))?;
        Ok(sheet.into_bytes())
    }

    async fn next_items(&mut self) -> io::Result<Vec<u8>> {
        let mut items = self.items(self.after).await.map_err(io::Error::other)?;
        items.retain(|item| item.number <= self.until);
        self.after = items.last().map_or(self.after, |item| item.number);
        if self.format == Format::Jsonl {
            return lines(items.iter());
        }
        let mut sheet = Sheet::new();
        items.iter().try_for_each(|item| sheet.item(item, &self.fields))?;
        Ok(sheet.into_bytes())
    }

    async fn items(&self, after: u64) -> Result<Vec<ScrapeItem>, StoreError> {
        self.store.scrape_items_after(self.organization.clone(), self.run.clone(), after, PORTION).await
    }
}

fn lines<'a, T: serde::Serialize + 'a>(rows: impl Iterator<Item = &'a T>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row)?;
        text.push(b'\n');
    }
    Ok(text)
}
