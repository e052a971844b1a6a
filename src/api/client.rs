//! The calls.

use std::sync::Arc;

use gloo_net::http::Request;
use serde::de::DeserializeOwned;
use switchboard_protocol::{
    ExecutionId, ExecutionStatus, OrganizationId,
    rest::{ExecutionList, ExecutionSnapshot},
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
        self.request("/api/health").send().await.is_ok_and(|response| response.ok())
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

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        what: &'static str,
    ) -> Result<T, ApiError> {
        let request = self.request(path).query(parameters.iter().copied());
        let unreachable = |error: gloo_net::Error| ApiError::Unreachable { reason: error.to_string() };
        let response = request.send().await.map_err(unreachable)?;
        let body = response.text().await.map_err(unreachable)?;
        if !response.ok() {
            return Err(ApiError::from_refusal(response.status(), &body, what));
        }
        serde_json::from_str(&body).map_err(|error| ApiError::Unreadable { reason: error.to_string() })
    }

    fn request(&self, path: &str) -> gloo_net::http::RequestBuilder {
        // What is shown must be what is true now, so no cache may answer.
        let request = Request::get(&format!("{}{path}", self.0.base)).cache(web_sys::RequestCache::NoStore);
        match &self.0.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }
}
