//! The calls.

use std::sync::Arc;

use gloo_net::http::{Request, RequestBuilder};
use serde::de::DeserializeOwned;
use switchboard_protocol::{
    ConversationId, ExecutionId, ExecutionStatus, OrganizationId, RunId, ScrapePhase, TaskId,
    rest::{
        AgentList, Conversation, ConversationList, ExecutionList, ExecutionSnapshot, PostMessage, Posted,
        PreviewScrape, ScrapeItemList, ScrapePreview, ScrapeRunList, ScrapeRunSnapshot, StartScrape,
        StartedScrape, TaskState,
    },
};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::ApiError;
use crate::config::Config;

/// How many executions one page of the list asks for.
const PAGE_SIZE: usize = 100;

/// The hub's HTTP interface. Cloning shares it.
#[derive(Debug, Clone)]
pub struct ApiClient(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    base: String,
    authorization: Option<String>,
}

/// Which executions a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ExecutionListQuery {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Only those with this status.
    pub status: Option<ExecutionStatus>,
    /// Only those whose title, agent, department or identifier holds this text; empty is no filter.
    pub text: String,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ConversationListQuery {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Only those whose title or messages hold this text; empty is no filter.
    pub text: String,
}

/// Which scrape runs a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ScrapeRunListQuery {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Only those in this phase.
    pub phase: Option<ScrapePhase>,
    /// Only those whose name, title, targets or platforms hold this text; empty is no filter.
    pub text: String,
}

/// What is exported of a scrape run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrapeExport {
    /// The items, a JSON object a line.
    ItemsAsJsonLines,
    /// The items as a table.
    ItemsAsCsv,
    /// The pages, a JSON object a line.
    PagesAsJsonLines,
    /// The pages as a table.
    PagesAsCsv,
}

impl ScrapeExport {
    /// The members of the query that ask for it: `what` and `format`.
    pub fn parameters(self) -> (&'static str, &'static str) {
        match self {
            Self::ItemsAsJsonLines => ("items", "jsonl"),
            Self::ItemsAsCsv => ("items", "csv"),
            Self::PagesAsJsonLines => ("pages", "jsonl"),
            Self::PagesAsCsv => ("pages", "csv"),
        }
    }
}

#[derive(serde::Deserialize)]
struct Organizations {
    items: Vec<OrganizationId>,
}

impl ApiClient {
    /// A client for the server that the configuration names.
    pub fn new(config: &Config) -> Self {
        let authorization = config.api_token.as_ref().map(|token| format!("Bearer {token}"));
        Self(Arc::new(Settings { base: config.api_url.clone(), authorization }))
    }

    /// Whether the server answers: any 200 of `GET /api/health` counts.
    pub async fn is_healthy(&self) -> bool {
        let request = Request::get(&self.address("/api/health")).cache(web_sys::RequestCache::NoStore);
        self.authorized(request).send().await.is_ok_and(|response| response.ok())
    }

    /// One page of executions, the newest first. `before` is an earlier page's `next_before`.
    pub async fn executions(
        &self,
        query: &ExecutionListQuery,
        before: Option<&str>,
    ) -> Result<ExecutionList, ApiError> {
        let limit = PAGE_SIZE.to_string();
        let mut parameters = vec![("organizationId", query.organization_id.as_str()), ("limit", &limit)];
        parameters.extend(query.status.map(|status| ("status", status.as_str())));
        parameters.extend((!query.text.is_empty()).then_some(("q", query.text.as_str())));
        parameters.extend(before.map(|before| ("before", before)));
        self.get("/api/executions", &parameters, "list of executions").await
    }

    /// One execution with its latest events.
    pub async fn execution(
        &self,
        organization: &OrganizationId,
        execution: &ExecutionId,
    ) -> Result<ExecutionSnapshot, ApiError> {
        let path = format!("/api/executions/{}", js_sys::encode_uri_component(execution.as_str()));
        self.get(&path, &[("organizationId", organization.as_str())], "execution").await
    }

    /// The organizations that the token may see. Servers that know only part 1 of the contract have no such
    /// call; the error is theirs to ignore.
    pub async fn organizations(&self) -> Result<Vec<OrganizationId>, ApiError> {
        self.get::<Organizations>("/api/organizations", &[], "list of organizations")
            .await
            .map(|list| list.items)
    }

    /// One page of conversations, the one with the latest message first. `before` is an earlier page's
    /// `next_before`.
    pub async fn conversations(
        &self,
        query: &ConversationListQuery,
        before: Option<&str>,
    ) -> Result<ConversationList, ApiError> {
        let limit = PAGE_SIZE.to_string();
        let mut parameters = vec![("organizationId", query.organization_id.as_str()), ("limit", &limit)];
        parameters.extend((!query.text.is_empty()).then_some(("q", query.text.as_str())));
        parameters.extend(before.map(|before| ("before", before)));
        self.get("/api/conversations", &parameters, "list of conversations").await
    }

    /// One conversation with its latest messages, or with those before `before`.
    pub async fn conversation(
        &self,
        organization: &OrganizationId,
        conversation: &ConversationId,
        before: Option<&str>,
    ) -> Result<Conversation, ApiError> {
        let path = format!("/api/conversations/{}", js_sys::encode_uri_component(conversation.as_str()));
        let mut parameters = vec![("organizationId", organization.as_str())];
        parameters.extend(before.map(|before| ("before", before)));
        self.get(&path, &parameters, "conversation").await
    }

    /// Sends a message. Where it has an `id`, sending it again is harmless.
    pub async fn post_message(&self, message: &PostMessage) -> Result<Posted, ApiError> {
        self.post("/api/chat/messages", &[], message, "conversation").await
    }

    /// Where a task stands.
    pub async fn task(&self, organization: &OrganizationId, task: &TaskId) -> Result<TaskState, ApiError> {
        let path = format!("/api/tasks/{}", js_sys::encode_uri_component(task.as_str()));
        self.get(&path, &[("organizationId", organization.as_str())], "task").await
    }

    /// Stops a task. It ends as a failure that says so.
    pub async fn cancel_task(
        &self,
        organization: &OrganizationId,
        task: &TaskId,
    ) -> Result<TaskState, ApiError> {
        let path = format!("/api/tasks/{}/cancel", js_sys::encode_uri_component(task.as_str()));
        self.post(&path, &[("organizationId", organization.as_str())], &(), "task").await
    }

    /// All agents of an organization, by their names.
    pub async fn agents(&self, organization: &OrganizationId) -> Result<AgentList, ApiError> {
        self.get("/api/agents", &[("organizationId", organization.as_str())], "list of agents").await
    }

    /// One page of scrape runs, the newest first. `before` is an earlier page's `next_before`.
    pub async fn scrape_runs(
        &self,
        query: &ScrapeRunListQuery,
        before: Option<&str>,
    ) -> Result<ScrapeRunList, ApiError> {
        let limit = PAGE_SIZE.to_string();
        let mut parameters = vec![("organizationId", query.organization_id.as_str()), ("limit", &limit)];
        parameters.extend(query.phase.map(|phase| ("phase", phase.as_str())));
        parameters.extend((!query.text.is_empty()).then_some(("q", query.text.as_str())));
        parameters.extend(before.map(|before| ("before", before)));
        self.get("/api/scrape/runs", &parameters, "list of scrape runs").await
    }

    /// One scrape run with its latest pages.
    pub async fn scrape_run(
        &self,
        organization: &OrganizationId,
        run: &RunId,
    ) -> Result<ScrapeRunSnapshot, ApiError> {
        self.get(&run_path(run, ""), &[("organizationId", organization.as_str())], "scrape run").await
    }

    /// The latest items of a scrape run.
    pub async fn scrape_items(
        &self,
        organization: &OrganizationId,
        run: &RunId,
        limit: usize,
    ) -> Result<ScrapeItemList, ApiError> {
        let limit = limit.to_string();
        let parameters = [("organizationId", organization.as_str()), ("limit", &limit)];
        self.get(&run_path(run, "/items"), &parameters, "scrape run").await
    }

    /// Begins a scrape run. Where it has a `run_id`, sending it again is harmless.
    pub async fn start_scrape(&self, run: &StartScrape) -> Result<StartedScrape, ApiError> {
        self.post("/api/scrape/runs", &[], run, "list of scrape runs").await
    }

    /// Fetches one page now, and shows what would be taken out of it.
    pub async fn preview_scrape(&self, preview: &PreviewScrape) -> Result<ScrapePreview, ApiError> {
        self.post("/api/scrape/preview", &[], preview, "preview").await
    }

    /// Asks a scrape run to end. Its frames tell when it has.
    pub async fn cancel_scrape(&self, organization: &OrganizationId, run: &RunId) -> Result<(), ApiError> {
        let parameters = [("organizationId", organization.as_str())];
        self.post::<serde::de::IgnoredAny>(&run_path(run, "/cancel"), &parameters, &(), "scrape run")
            .await
            .map(drop)
    }

    /// A scrape run's items or pages as a file.
    pub async fn export_scrape(
        &self,
        organization: &OrganizationId,
        run: &RunId,
        export: ScrapeExport,
    ) -> Result<web_sys::Blob, ApiError> {
        let (what, format) = export.parameters();
        let parameters = [("organizationId", organization.as_str()), ("what", what), ("format", format)];
        let request = self.authorized(Request::get(&self.address(&run_path(run, "/export"))));
        let unreachable = |error: gloo_net::Error| ApiError::Unreachable { reason: error.to_string() };
        let response = request.query(parameters).send().await.map_err(unreachable)?;
        if !response.ok() {
            let body = response.text().await.map_err(unreachable)?;
            return Err(ApiError::from_refusal(response.status(), &body, "scrape run"));
        }
        // As the browser's own object: what is exported may be larger than what wasm should hold.
        let broken = |error: JsValue| ApiError::Unreachable { reason: format!("{error:?}") };
        let blob = JsFuture::from(web_sys::Response::from(response).blob().map_err(broken)?)
            .await
            .map_err(broken)?;
        blob.dyn_into().map_err(broken)
    }

    /// Where a run's progress streams from while the socket is down; `None` is that of all runs. It begins after the place
    /// `after` in the log. The token stands in the address, because a browser sends no headers with an `EventSource`; and so
    /// does the place, because a new one has no memory of the one before.
    pub(crate) fn scrape_stream(
        &self,
        organization: &OrganizationId,
        run: Option<&RunId>,
        after: Option<u64>,
    ) -> String {
        let path = run.map_or_else(|| "/api/scrape/stream".to_owned(), |run| run_path(run, "/progress"));
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        let token = self.0.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
        let token = token.map(|token| format!("&token={}", encode(token))).unwrap_or_default();
        let after = after.map(|after| format!("&lastEventId={after}")).unwrap_or_default();
        format!("{}?organizationId={}{after}{token}", self.address(&path), encode(organization.as_str()))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        what: &'static str,
    ) -> Result<T, ApiError> {
        // What is shown must be what is true now, so no cache may answer.
        let request =
            self.authorized(Request::get(&self.address(path)).cache(web_sys::RequestCache::NoStore));
        Self::answer(request.query(parameters.iter().copied()).send().await, what).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        body: &impl serde::Serialize,
        what: &'static str,
    ) -> Result<T, ApiError> {
        let request = self.authorized(Request::post(&self.address(path)));
        let request = request.query(parameters.iter().copied()).json(body);
        let sent = match request {
            Ok(request) => request.send().await,
            Err(error) => Err(error),
        };
        Self::answer(sent, what).await
    }

    async fn answer<T: DeserializeOwned>(
        sent: Result<gloo_net::http::Response, gloo_net::Error>,
        what: &'static str,
    ) -> Result<T, ApiError> {
        let unreachable = |error: gloo_net::Error| ApiError::Unreachable { reason: error.to_string() };
        let response = sent.map_err(unreachable)?;
        let body = response.text().await.map_err(unreachable)?;
        if !response.ok() {
            return Err(ApiError::from_refusal(response.status(), &body, what));
        }
        serde_json::from_str(&body).map_err(|error| ApiError::Unreadable { reason: error.to_string() })
    }

    /// The origin that requests go to; empty where that is the page's own.
    pub fn origin(&self) -> String {
        let url = web_sys::Url::new(&self.0.base);
        url.map_or_else(|_| String::new(), |url| url.origin())
    }

    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0.base)
    }

    pub(super) fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.0.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }
}

fn run_path(run: &RunId, rest: &str) -> String {
    format!("/api/scrape/runs/{}{rest}", js_sys::encode_uri_component(run.as_str()))
}
