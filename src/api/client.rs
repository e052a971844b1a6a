//! The calls.

use std::sync::Arc;

use gloo_net::http::{Request, RequestBuilder};
use serde::de::DeserializeOwned;
use switchboard_protocol::{
    ConversationId, ExecutionId, ExecutionStatus, OrganizationId, TaskId,
    rest::{
        Conversation, ConversationList, ExecutionList, ExecutionSnapshot, PostMessage, Posted, TaskState,
    },
};

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

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0.base)
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.0.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }
}
