//! What goes wrong inside, and what of it leaves.

use rusqlite::ErrorCode;

use crate::StoreError;

/// What goes wrong inside this room.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// SQLite refused.
    #[error("{}", explain(.0))]
    Sql(#[from] rusqlite::Error),
    /// A projection could not be written as JSON, or a stored one not be read.
    #[error("a stored summary is not what it should be: {0}")]
    Json(#[from] serde_json::Error),
    /// A report's text is not the frame that its types say.
    #[error("a report is not what it was checked to be: {0}")]
    Frame(#[from] switchboard_protocol::DecodeError),
    /// A number has outgrown its bits.
    #[error("{0}")]
    Full(&'static str),
}

impl Failure {
    /// Whether the cause may lie in one change of a group, so that the others deserve another try without it.
    /// A full disk or another program's lock would meet each of them again.
    pub(super) fn may_be_of_one_change(&self) -> bool {
        match self {
            Self::Sql(error) => !matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::OutOfMemory
                        | ErrorCode::ReadOnly
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DatabaseCorrupt
                        | ErrorCode::DiskFull
                        | ErrorCode::CannotOpen
                        | ErrorCode::FileLockingProtocolFailed
                        | ErrorCode::NotADatabase
                )
            ),
            Self::Json(_) | Self::Frame(_) | Self::Full(_) => true,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::Database(failure.to_string())
    }
}

/// SQLite's error in words that say what to do, where something can be done.
pub(super) fn explain(error: &rusqlite::Error) -> String {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds a lock on the database; end it (an open sqlite3 shell or a backup, say)"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; make room or keep less (retention)",
        Some(ErrorCode::ReadOnly) => "the database may only be read; give this user the right to write to it",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the file cannot be opened; give this user the right to read and write it"
        }
        Some(ErrorCode::NotADatabase) => {
            "the file is no SQLite database; move it away, or put a backup in its place"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the database is damaged; put a backup in its place, or move it away"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed; look at the system's log",
        _ => return error.to_string(),
    };
    format!("{advice} ({error})")
}
