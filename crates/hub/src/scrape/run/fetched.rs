//! Whether a server ever answered for a platform, whoever asked it.

use switchboard_protocol::{OrganizationId, RunId, rest::PlatformProgress};
use switchboard_store::{MAX_SCRAPE_ROWS, RowQuery, Store, StoreError};

use super::keep;

/// Whether any page of the platform was fetched, whatever its server said. Its numbers tell unless every page has an error: then all
/// pages of the run are looked through, those of other platforms with them, because an error may be an answer too.
pub async fn any(
    store: &dyn Store,
    organization: &OrganizationId,
    run: &RunId,
    platform: &PlatformProgress,
) -> Result<bool, StoreError> {
    if platform.current > platform.errors {
        return Ok(true);
    }
    let mut query = RowQuery { limit: MAX_SCRAPE_ROWS, before: None };
    loop {
        let pages =
            keep::stored(|| store.scrape_pages(organization.clone(), run.clone(), query.clone())).await?;
        let Some(pages) = pages else { return Ok(false) };
        let own = |name: &Option<String>| name.as_deref() == Some(platform.platform.as_str());
        if pages.items.iter().any(|page| own(&page.platform) && page.status.is_some()) {
            return Ok(true);
        }
        query.before = pages.next_before;
        if query.before.is_none() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{ScrapedPage, rest::ScrapeLimits};
    use switchboard_store::{
        Finished, NewAddress, NewScrape, Scrapes as _, SqliteOptions, SqliteStore, StartOutcome,
    };

    use super::*;

    fn page(host: &str, number: usize, status: Option<u16>) -> Finished {
        let page = ScrapedPage {
            platform: Some(host.to_owned()),
            status,
            error: Some("It could not be read.".to_owned()),
            ..ScrapedPage::of(format!("https://{host}/{number}"))
        };
        Finished { page, items: Vec::new(), found: Vec::new() }
    }

    // After a restart a platform failed with "No page could be fetched." where a thousand pages of others had come after its own.
    #[tokio::test]
    async fn a_page_counts_however_many_of_other_platforms_came_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
        let (organization, run) = (OrganizationId::from("acme"), RunId::from("r-1"));
        let mut pages = vec![page("a.test", 0, Some(404)), page("c.test", 0, None)];
        pages.extend((0..2 * MAX_SCRAPE_ROWS).map(|number| page("b.test", number, Some(404))));
        let target = |page: &Finished| NewAddress {
            url: page.page.url.clone(),
            platform: page.page.platform.clone().unwrap(),
            depth: 0,
            hops: 0,
        };
        let new = NewScrape {
            run_id: run.clone(),
            title: None,
            targets: pages.iter().map(target).collect(),
            limits: ScrapeLimits { max_pages: Some(10_000), ..ScrapeLimits::default() },
            extract: None,
        };
        assert_eq!(store.start_scrape(organization.clone(), new).await.unwrap(), StartOutcome::Started);
        for portion in pages.chunks(500) {
            store.finish_pages(organization.clone(), run.clone(), portion.to_vec()).await.unwrap();
        }
        let asked = async |host: &str| {
            let numbers = PlatformProgress { current: 1, errors: 1, ..PlatformProgress::of(host) };
            any(&store, &organization, &run, &numbers).await.unwrap()
        };
        assert!(asked("a.test").await && asked("b.test").await);
        assert!(!asked("c.test").await, "its server never answered");
        assert!(!asked("d.test").await);
    }
}
