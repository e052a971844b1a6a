//! Scrape runs.

use serde::{Deserialize, Serialize};

use crate::{RunId, Timestamp};

/// `{"type":"scrape_progress",…}`: how far one run, or one of its platforms, is.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeProgress {
    /// The run.
    pub run_id: RunId,
    /// Its phase, where the frame says one.
    pub phase: Option<ScrapePhase>,
    /// The source that this is about; `None` is the whole run.
    pub platform: Option<String>,
    /// Pages done.
    pub current: Option<u64>,
    /// Pages to do.
    pub total: Option<u64>,
    /// What is being done, in words.
    pub message: Option<String>,
    /// When it was so; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
}

/// The phase of a scrape run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScrapePhase {
    /// Known, but not started.
    #[default]
    Pending,
    /// Fetching pages.
    Running,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl ScrapePhase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The phase named `name`, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// Whether the run has ended: completed, failed or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}
