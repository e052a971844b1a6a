//! Whether this machine and the server mean the same time.

use super::{Answer, Fetched, Finding};

/// A difference up to here, in milliseconds, is within what the header can tell, or disturbs nobody.
const SMALL_MS: u64 = 2_000;

/// From here on, in milliseconds, every time on the page misleads.
const LARGE_MS: u64 = 60_000;

/// By how many milliseconds this machine's clock is ahead of the server's; negative where it is behind. `None` where the answer has no
/// `Date` that the page may read.
///
/// The header has whole seconds: on average the server's time was half a second later. It was read when the request was half way.
pub fn page_clock_ahead_ms(answer: &Answer) -> Option<i64> {
    let half_way = answer.sent_at.as_millis().saturating_add_unsigned(answer.took_ms / 2);
    Some(half_way.saturating_sub(answer.date?.as_millis().saturating_add(500)))
}

/// Judges the two clocks by an answer of the server.
pub fn judge_clock(fetched: &Fetched) -> Finding {
    let Fetched::Answered(answer) = fetched else {
        return Finding::unknown("Nothing answers, so nobody says what time it is there.");
    };
    let Some(ahead) = page_clock_ahead_ms(answer) else {
        return Finding::unknown("The answer has no Date that this page may read.")
            .advise("A proxy took it out, or the hub is older than this page.");
    };
    // The slower the answer, the less it says.
    let unsure = SMALL_MS.saturating_add(answer.took_ms / 2);
    let by = ahead.unsigned_abs();
    if by <= unsure {
        return Finding::well("This machine and the server agree on the time to within two seconds.");
    }
    let found = format!(
        "This machine's clock is about {} {} the server's.",
        crate::duration_text(by),
        if ahead > 0 { "ahead of" } else { "behind" }
    );
    let finding = if by >= LARGE_MS { Finding::wrong(found) } else { Finding::doubtful(found) };
    finding.advise(
        "Durations and “ago” on this page are wrong by that much. Have both machines set their clocks by NTP, for instance with “timedatectl set-ntp true”.",
    )
}
