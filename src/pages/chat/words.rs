//! Titles, sums of money and times, as a chat shows them.

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

    use super::cost_text;

    #[wasm_bindgen_test]
    fn sums_are_exact_and_short() {
        let texts =
            [0.0, 1.5, 0.42, 0.0012, 0.001_234_9, 0.000_031, 12.345_67, 0.099_999, 1234.0].map(cost_text);
        let expected =
            ["$0.00", "$1.50", "$0.42", "$0.0012", "$0.001235", "$0.000031", "$12.35", "$0.10", "$1234.00"];
        assert_eq!(texts, expected.map(|text| Some(text.to_owned())));
        assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(cost_text), [None, None, None]);
    }
}
