//! The end: what is still to be delivered, and what was lost.

use std::time::Duration;

use super::outbox::{Limits, Outbox, Tally};
use crate::command::client::{say, seconds};

/// How long the end waits in silence before it says what it waits for.
const SILENT_FLUSH: Duration = Duration::from_secs(1);

/// How much is kept for a hub that is away, and for how long it is waited for.
#[derive(Debug, Clone, clap::Args)]
pub struct DeliveryArgs {
    /// How long delivery may go on after the command has ended
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, help_heading = "Delivery")]
    pub flush_timeout: Duration,
    /// How long in all a full buffer may slow the command down, before the oldest output is dropped
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds, help_heading = "Delivery")]
    pub patience: Duration,
    /// How many events are kept for a hub that is away
    #[arg(long, value_name = "COUNT", default_value_t = 200_000, help_heading = "Delivery")]
    pub buffer_events: usize,
    /// How many bytes of events are kept for a hub that is away
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024, help_heading = "Delivery")]
    pub buffer_bytes: usize,
}

impl DeliveryArgs {
    /// The outbox that these arguments ask for.
    pub fn outbox(&self) -> Outbox {
        Outbox::new(Limits { events: self.buffer_events, bytes: self.buffer_bytes, patience: self.patience })
    }
}

/// Waits until all is delivered, until the time is over, or until somebody gives up.
pub async fn flush(
    deliver: impl Future<Output = ()>,
    given_up: impl Future<Output = ()>,
    outbox: &Outbox,
    args: &DeliveryArgs,
    quiet: bool,
) {
    let note = async {
        tokio::time::sleep(SILENT_FLUSH).await;
        if !quiet {
            say(format_args!(
                "the command has ended; delivering {} events, for up to {} s (Ctrl-C gives up)",
                outbox.tally().waiting,
                args.flush_timeout.as_secs_f64()
            ));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = deliver => {}
        () = tokio::time::sleep(args.flush_timeout) => {}
        () = given_up => {}
        () = note => {}
    }
}

/// Says on stderr what the hub has not.
pub fn tell_losses(tally: &Tally, trouble: Option<String>) {
    let undelivered = tally.undelivered();
    if undelivered == 0 {
        return;
    }
    let mut parts = Vec::new();
    for (count, what) in [
        (tally.waiting, "not delivered in time"),
        (tally.dropped, "dropped because the buffer was full"),
        (tally.refused, "refused"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let why = trouble.map(|reason| format!(" ({reason})")).unwrap_or_default();
    say(format_args!(
        "{undelivered} of {} events did not reach the hub: {}{why}",
        undelivered + tally.delivered,
        parts.join(", ")
    ));
}
