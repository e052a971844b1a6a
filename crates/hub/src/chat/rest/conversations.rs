//! Reading conversations.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::HeaderMap,
};
use serde::Deserialize;
use switchboard_protocol::{
    OrganizationId,
    rest::{Conversation, ConversationList},
};
use switchboard_store::{ConversationQuery, MAX_MESSAGES, MAX_PAGE};

use super::name;
use crate::{
    hub::Hub,
    problem::Failure,
    rest::{count, given, parsed},
};

/// How many conversations a page of the list has, unless asked otherwise.
const LIST_DEFAULT: usize = 50;

/// How many messages a conversation comes with, unless asked otherwise.
const MESSAGES_DEFAULT: usize = 200;

/// The query of both calls. All text, so that a bad value is answered in words.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PageQuery {
    organization_id: Option<String>,
    q: Option<String>,
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /api/conversations`: the one with the latest message first.
pub async fn conversations(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ConversationList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let PageQuery { organization_id, q, limit, before } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let query = ConversationQuery {
        text: given(q),
        limit: count("limit", limit, LIST_DEFAULT, MAX_PAGE)?,
        before: given(before),
    };
    Ok(Json(hub.store.conversations(organization, query).await?))
}

/// `GET /api/conversations/{id}`: one conversation with its latest messages.
pub async fn conversation(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Conversation>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let id = name("conversation id", id)?;
    let PageQuery { organization_id, limit, before, .. } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let limit = count("limit", limit, MESSAGES_DEFAULT, MAX_MESSAGES)?;
    let found = hub.store.conversation(organization.clone(), id.into(), limit, given(before)).await?;
    found.map(Json).ok_or_else(|| {
        Failure::not_found(format!(
            "The organization `{organization}` has no such conversation. GET /api/conversations lists them; another \
             organization is named with ?organizationId=."
        ))
    })
}
