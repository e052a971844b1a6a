//! `POST /api/chat/messages`: a message comes in.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use switchboard_protocol::{
    ConversationId, MessageId, OrganizationId,
    rest::{PostMessage, Posted},
};
use switchboard_store::{NewMessage, PostOutcome};

use crate::{
    hub::Hub,
    ingest::{body, check_name},
    problem::Failure,
    random,
};

/// The longest message that is taken, in bytes: 100 KiB.
pub const LONGEST_CONTENT: usize = 100 * 1024;

/// The longest request body that is taken, in bytes. JSON may write each byte of a message as six.
const LONGEST_BODY: usize = 1024 * 1024;

/// What to do instead of sending a message that is too long.
const SHORTER: &str = "A message may have 102400 bytes (100 KiB): send less at once, or put the text where a link can \
                       point to.";

/// Stores a message and queues the task that is to answer it. The reply comes as a `task.completed` or `task.failed`
/// frame.
pub async fn post(State(hub): State<Arc<Hub>>, request: Request) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let body = body::read(request, LONGEST_BODY, SHORTER).await?;
    let message: PostMessage = serde_json::from_slice(&body).map_err(|error| {
        Failure::bad_request(format!(
            "The body must be a JSON object such as {{\"content\":\"What failed today?\"}}: {error}."
        ))
    })?;
    let named = [
        ("organizationId", message.organization_id.as_ref().map(OrganizationId::as_str)),
        ("conversationId", message.conversation_id.as_ref().map(ConversationId::as_str)),
        ("id", message.id.as_ref().map(MessageId::as_str)),
    ];
    for (field, name) in named {
        name.map_or(Ok(()), |name| check_name(field, name))?;
    }
    let organization = scope.choose(message.organization_id)?;
    check_content(&message.content)?;
    let lane = hub.queue.lanes.choose(message.lane.as_deref(), &message.content).map_err(|_| {
        let known = hub.queue.lanes.names().collect::<Vec<_>>().join(", ");
        Failure::bad_request(format!(
            "There is no such `lane`. This hub has {known}; leave it out to let the hub choose. Lanes for workers outside \
             are named with --worker-lanes."
        ))
    })?;
    let new = NewMessage {
        id: message.id.unwrap_or_else(|| random::identifier().into()),
        conversation: message.conversation_id,
        new_conversation: random::identifier().into(),
        task: random::identifier().into(),
        content: message.content,
        lane: lane.to_owned(),
    };
    let (conversation, task, message) = match hub.store.post_message(organization.clone(), new).await? {
        PostOutcome::Queued { conversation, task, message } => {
            hub.queue.lanes.wake(lane);
            (conversation, task, message)
        }
        PostOutcome::Known { conversation, task, message } => (conversation, task, message),
        PostOutcome::UnknownConversation => {
            return Err(Failure::not_found(format!(
                "The organization `{organization}` has no such conversation. Leave out `conversationId` to begin one; \
                 another organization is named with `organizationId`."
            )));
        }
    };
    let posted =
        Posted::Queued { task_id: task, conversation_id: Some(conversation), message: Some(message) };
    Ok((StatusCode::ACCEPTED, Json(posted)).into_response())
}

fn check_content(content: &str) -> Result<(), Failure> {
    if content.trim().is_empty() {
        return Err(Failure::bad_request("`content` is blank. Say what is to be answered."));
    }
    if content.len() > LONGEST_CONTENT {
        return Err(Failure::too_large(format!("`content` has {} bytes. {SHORTER}", content.len())));
    }
    Ok(())
}
