//! Titles, sums of money, sizes and times, as a chat shows them.

use switchboard_protocol::{Timestamp, rest::ConversationSummary};

use crate::components::{full_text, grouped};

/// What a conversation is called.
pub(super) fn title_of(summary: &ConversationSummary) -> String {
    if summary.title.trim().is_empty() { "Conversation".to_owned() } else { summary.title.clone() }
}

/// A sum in US dollars, to four significant digits and at least to the cent: `$0.0012`, `$1.50`. Nothing for what is no
/// sum.
pub(super) fn cost_text(dollars: f64) -> Option<String> {
    if !dollars.is_finite() || dollars < 0.0 {
        return None;
    }
    let mut places = 2_usize;
    let mut unit = 10.0;
    // A price per token has ten places at the most.
    while dollars > 0.0 && dollars < unit && places < 10 {
        unit /= 10.0;
        places += 1;
    }
    let text = format!("{dollars:.places$}");
    let (whole, part) = text.split_once('.')?;
    let shown = part.trim_end_matches('0').len().max(2);
    Some(format!("${whole}.{}", part.get(..shown)?))
}

/// A file's size: `812 bytes`, `48 kB`, `1.2 MB`.
pub(super) fn size_text(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people has two digits")]
    let size = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}

/// When a message was written: the clock, and before it the date where that is not today's.
pub(super) fn moment_text(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (full_text(at), full_text(now));
    let (date, clock) = at.split_once(' ').unwrap_or((&at, ""));
    let clock = clock.get(..5).unwrap_or(clock);
    if now.starts_with(date) { clock.to_owned() } else { format!("{date} {clock}") }
}

/// A number of bytes out of how many there may be.
pub(super) fn bytes_text(bytes: usize, limit: usize) -> String {
    format!("{} of {} bytes", grouped(bytes as u64), grouped(limit as u64))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{cost_text, size_text};

    #[wasm_bindgen_test]
    fn sums_are_exact_and_short() {
        let texts =
            [0.0, 1.5, 0.42, 0.0012, 0.001_234_9, 0.000_031, 12.345_67, 0.099_999, 1234.0].map(cost_text);
        let expected =
            ["$0.00", "$1.50", "$0.42", "$0.0012", "$0.001235", "$0.000031", "$12.35", "$0.10", "$1234.00"];
        assert_eq!(texts, expected.map(|text| Some(text.to_owned())));
        assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(cost_text), [None, None, None]);
    }

    #[wasm_bindgen_test]
    fn sizes_have_the_unit_that_fits() {
        let texts = [0, 812, 481_200, 1_234_567, 2_500_000_000].map(size_text);
        assert_eq!(texts, ["0 bytes", "812 bytes", "481 kB", "1.2 MB", "2.5 GB"]);
    }
}
