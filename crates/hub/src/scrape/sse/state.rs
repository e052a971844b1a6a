//! How runs stand, for a client that has seen nothing yet: the same numbers as frames would tell them.

use switchboard_protocol::{
    Envelope, Frame, OrganizationId, ScrapeProgress,
    rest::{PlatformProgress, ScrapeRunSummary},
};

/// A run's platforms, and then the run.
pub fn run(summary: &ScrapeRunSummary) -> Vec<String> {
    let platforms = summary.platforms.iter().map(|known| platform(summary, known));
    let frames = platforms.chain([whole(summary)]);
    frames.filter_map(|progress| write(&summary.organization_id, progress)).collect()
}

/// The whole run only.
pub fn overview(summary: &ScrapeRunSummary) -> Option<String> {
    write(&summary.organization_id, whole(summary))
}

fn platform(summary: &ScrapeRunSummary, known: &PlatformProgress) -> ScrapeProgress {
    ScrapeProgress {
        phase: Some(known.phase),
        platform: Some(known.platform.clone()),
        current: Some(known.current),
        total: Some(known.total),
        items: Some(known.items),
        bytes: Some(known.bytes),
        errors: Some(known.errors),
        message: known.message.clone(),
        timestamp: summary.updated_at,
        ..ScrapeProgress::of(summary.run_id.clone())
    }
}

fn whole(summary: &ScrapeRunSummary) -> ScrapeProgress {
    ScrapeProgress {
        phase: Some(summary.phase),
        current: Some(summary.current),
        total: Some(summary.total),
        items: Some(summary.items),
        bytes: Some(summary.bytes),
        errors: Some(summary.errors),
        message: summary.message.clone(),
        timestamp: summary.updated_at,
        ..ScrapeProgress::of(summary.run_id.clone())
    }
}

/// Without a `seq`: this is no entry of the log, and a client that drops what it has seen must not drop the second of two.
fn write(organization: &OrganizationId, progress: ScrapeProgress) -> Option<String> {
    let envelope = Envelope {
        seq: None,
        organization_id: Some(organization.clone()),
        frame: Frame::ScrapeProgress(progress),
    };
    envelope.encode().inspect_err(|error| tracing::error!(%error, "a run cannot be written as a frame")).ok()
}
