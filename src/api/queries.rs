//! The query cache: what a page showed last is shown at once when it opens again, and then brought up to date.
//!
//! Live frames keep open pages current, so nothing here refetches by the clock: a page that opens shows what
//! is cached, and asks anew in any case. Asking goes past the cache to the server and leaves the answer in it.
//! It never joins a request that is under way, because a snapshot has to be younger than the subscription
//! that it completes.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_fetch::{QueryClient, QueryOptions, QueryScopeLocal};
use switchboard_protocol::{
    ExecutionId, OrganizationId, RunId,
    rest::{ExecutionList, ExecutionSnapshot, ScrapeRunList, ScrapeRunSnapshot},
};

use super::{ApiClient, ApiError, ExecutionListQuery, ScrapeRunListQuery};

type Answer<T> = Result<Arc<T>, ApiError>;
type Execution = (OrganizationId, ExecutionId);
type Run = (OrganizationId, RunId);

/// The cached queries. Provided as context by [`Queries::provide`]; a Copy handle.
#[derive(Debug, Clone, Copy)]
pub struct Queries {
    client: QueryClient,
    scopes: StoredValue<Scopes, LocalStorage>,
}

#[derive(Debug, Clone)]
struct Scopes {
    api: ApiClient,
    executions: QueryScopeLocal<ExecutionListQuery, Answer<ExecutionList>>,
    execution: QueryScopeLocal<Execution, Answer<ExecutionSnapshot>>,
    scrape_runs: QueryScopeLocal<ScrapeRunListQuery, Answer<ScrapeRunList>>,
    scrape_run: QueryScopeLocal<Run, Answer<ScrapeRunSnapshot>>,
}

impl Queries {
    /// Makes the cache and provides it to the components below.
    pub fn provide(api: ApiClient) -> Self {
        // Only invalidation makes an answer stale. What nobody has shown for five minutes is forgotten.
        let options = QueryOptions::new()
            .with_stale_time(std::time::Duration::from_hours(24))
            .with_gc_time(std::time::Duration::from_mins(5));
        let (lists, single) = (api.clone(), api.clone());
        let (run_lists, single_run) = (api.clone(), api.clone());
        let scopes = Scopes {
            api,
            executions: QueryScopeLocal::new(move |query: ExecutionListQuery| {
                let api = lists.clone();
                async move { api.executions(&query, None).await.map(Arc::new) }
            }),
            execution: QueryScopeLocal::new(move |(organization, execution): Execution| {
                let api = single.clone();
                async move { api.execution(&organization, &execution).await.map(Arc::new) }
            }),
            scrape_runs: QueryScopeLocal::new(move |query: ScrapeRunListQuery| {
                let api = run_lists.clone();
                async move { api.scrape_runs(&query, None).await.map(Arc::new) }
            }),
            scrape_run: QueryScopeLocal::new(move |(organization, run): Run| {
                let api = single_run.clone();
                async move { api.scrape_run(&organization, &run).await.map(Arc::new) }
            }),
        };
        let queries =
            Self { client: QueryClient::new().with_options(options), scopes: StoredValue::new_local(scopes) };
        provide_context(queries);
        queries
    }

    /// The client, for calls that are not worth a cache.
    pub fn api(&self) -> Option<ApiClient> {
        self.scopes.try_with_value(|scopes| scopes.api.clone())
    }

    /// The first page of a list as it was last seen; `None` where it never was.
    pub fn cached_executions(&self, query: &ExecutionListQuery) -> Option<Arc<ExecutionList>> {
        let scope = self.scopes.try_with_value(|scopes| scopes.executions.clone())?;
        self.client.get_cached_query(scope, query)?.ok()
    }

    /// The first page of a list, fetched now, or the one after `before`.
    pub async fn fetch_executions(
        &self,
        query: &ExecutionListQuery,
        before: Option<&str>,
    ) -> Answer<ExecutionList> {
        let Scopes { api, executions, .. } = self.scopes.try_get_value().ok_or_else(page_is_gone)?;
        let answer = api.executions(query, before).await.map(Arc::new);
        if answer.is_ok() && before.is_none() && self.is_there() {
            self.client.set_query_local(executions, query, answer.clone());
        }
        answer
    }

    /// One execution as it was last seen; `None` where it never was.
    pub fn cached_execution(
        &self,
        organization: &OrganizationId,
        execution: &ExecutionId,
    ) -> Option<Arc<ExecutionSnapshot>> {
        let scope = self.scopes.try_with_value(|scopes| scopes.execution.clone())?;
        self.client.get_cached_query(scope, (organization.clone(), execution.clone()))?.ok()
    }

    /// One execution, fetched now.
    pub async fn fetch_execution(
        &self,
        organization: &OrganizationId,
        execution: &ExecutionId,
    ) -> Answer<ExecutionSnapshot> {
        let Scopes { api, execution: scope, .. } = self.scopes.try_get_value().ok_or_else(page_is_gone)?;
        let answer = api.execution(organization, execution).await.map(Arc::new);
        if answer.is_ok() && self.is_there() {
            self.client.set_query_local(scope, (organization.clone(), execution.clone()), answer.clone());
        }
        answer
    }

    /// The first page of a list of scrape runs as it was last seen; `None` where it never was.
    pub fn cached_scrape_runs(&self, query: &ScrapeRunListQuery) -> Option<Arc<ScrapeRunList>> {
        let scope = self.scopes.try_with_value(|scopes| scopes.scrape_runs.clone())?;
        self.client.get_cached_query(scope, query)?.ok()
    }

    /// The first page of a list of scrape runs, fetched now, or the one after `before`.
    pub async fn fetch_scrape_runs(
        &self,
        query: &ScrapeRunListQuery,
        before: Option<&str>,
    ) -> Answer<ScrapeRunList> {
        let Scopes { api, scrape_runs, .. } = self.scopes.try_get_value().ok_or_else(page_is_gone)?;
        let answer = api.scrape_runs(query, before).await.map(Arc::new);
        if answer.is_ok() && before.is_none() && self.is_there() {
            self.client.set_query_local(scrape_runs, query, answer.clone());
        }
        answer
    }

    /// One scrape run as it was last seen; `None` where it never was.
    pub fn cached_scrape_run(
        &self,
        organization: &OrganizationId,
        run: &RunId,
    ) -> Option<Arc<ScrapeRunSnapshot>> {
        let scope = self.scopes.try_with_value(|scopes| scopes.scrape_run.clone())?;
        self.client.get_cached_query(scope, (organization.clone(), run.clone()))?.ok()
    }

    /// One scrape run, fetched now.
    pub async fn fetch_scrape_run(
        &self,
        organization: &OrganizationId,
        run: &RunId,
    ) -> Answer<ScrapeRunSnapshot> {
        let Scopes { api, scrape_run, .. } = self.scopes.try_get_value().ok_or_else(page_is_gone)?;
        let answer = api.scrape_run(organization, run).await.map(Arc::new);
        if answer.is_ok() && self.is_there() {
            self.client.set_query_local(scrape_run, (organization.clone(), run.clone()), answer.clone());
        }
        answer
    }

    /// Whether the cache still exists: the page may have been taken down while an answer was on its way, and the client panics
    /// where it is used after that.
    fn is_there(&self) -> bool {
        self.scopes.try_with_value(|_| ()).is_some()
    }

    /// What lists of scrape runs were cached is of before one of them ended.
    pub fn invalidate_scrape_runs(&self) {
        if let Some(scope) = self.scopes.try_with_value(|scopes| scopes.scrape_runs.clone()) {
            self.client.invalidate_query_scope(scope);
        }
    }
}

/// The cached queries that the application provides.
///
/// # Panics
/// Where no component above called [`Queries::provide`].
pub fn use_queries() -> Queries {
    expect_context()
}

/// Why a request was not made: nobody is there any more who would see its answer.
pub(crate) fn page_is_gone() -> ApiError {
    ApiError::Unreachable { reason: "the page that asked is gone".into() }
}
