//! The calls about messages, conversations and tasks.

mod conversations;
mod messages;
mod tasks;

use axum::extract::{Path, rejection::PathRejection};
use serde::Deserialize;
use switchboard_protocol::OrganizationId;

use crate::{ingest::check_name, problem::Failure, rest::given};

pub use conversations::{conversation, conversations};
pub use messages::post;
pub use tasks::{cancel, claim, renew, task};

/// The query of calls about one thing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Whose {
    organization_id: Option<String>,
}

impl Whose {
    fn organization(self) -> Option<OrganizationId> {
        given(self.organization_id).map(OrganizationId::from)
    }
}

/// The name in a path.
fn name(field: &str, path: Result<Path<String>, PathRejection>) -> Result<String, Failure> {
    let Path(name) = path.map_err(|error| Failure::bad_request(format!("{}.", error.body_text())))?;
    check_name(field, &name)?;
    Ok(name)
}
