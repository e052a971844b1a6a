//! Why storage could not do what it was asked.

/// Why storage could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The hub is shutting down; nothing of the batch was stored. The reporter may send it again.
    #[error("the store is closing; send the report again")]
    Closing,
    /// More batches wait for a commit than the store holds. Nothing of this one was stored.
    #[error("too many reports are waiting to be stored; send this one again later")]
    Busy,
    /// The folder or file cannot be used.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        /// The folder or file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(String),
}
