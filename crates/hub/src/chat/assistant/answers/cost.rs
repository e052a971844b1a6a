//! What the chat's answers have cost.

use switchboard_protocol::Timestamp;
use switchboard_store::{ChatCost, StoreError};

use super::{Asked, paragraphs, thousands};
use crate::chat::assistant::range::{Range, Span};

/// What says when an answer has a cost.
const PRICES: &str = "Answers of the local lane cost nothing. Answers of the model lane have a \
     cost only when prices are configured (`--model-price-input` and \
     `--model-price-output`).";

/// What answers cost in the range, and how many there were.
pub async fn cost(asked: Asked<'_>, range: Option<Range>) -> Result<String, StoreError> {
    let span = range.map(|range| range.span(asked.now)).unwrap_or_default();
    let cost = within(&asked, span).await?;
    let when = range.map_or_else(|| " so far".to_owned(), |range| format!(" {}", range.describe(asked.now)));
    let answers = match cost.answers {
        1 => "1 answer".to_owned(),
        answers => format!("{} answers", thousands(answers)),
    };
    if cost.answers == 0 {
        return Ok(format!("The chat gave no answers{when}, so they cost nothing."));
    }
    if cost.priced == 0 {
        return Ok(paragraphs([format!("**{answers}{when}, none with a price.**"), PRICES.to_owned()]));
    }
    let lead = format!("**{}** for {answers}{when}.", dollars(cost.cost_usd));
    let unpriced = match cost.answers.saturating_sub(cost.priced) {
        0 => String::new(),
        1 => format!("1 of them had no price. {PRICES}"),
        unpriced => format!("{} of them had no price. {PRICES}", thousands(unpriced)),
    };
    Ok(paragraphs([lead, unpriced]))
}

/// The cost of a span: of all since its begin, less that of all since its end.
async fn within(asked: &Asked<'_>, span: Span) -> Result<ChatCost, StoreError> {
    let since = |at| asked.store.chat_cost(asked.organization.clone(), at);
    let all = since(span.begin.unwrap_or(Timestamp::from_millis(i64::MIN))).await?;
    let Some(end) = span.end else { return Ok(all) };
    let after = since(end).await?;
    Ok(ChatCost {
        cost_usd: (all.cost_usd - after.cost_usd).max(0.0),
        priced: all.priced.saturating_sub(after.priced),
        answers: all.answers.saturating_sub(after.answers),
    })
}

/// An amount in US dollars: in cents, and what is less than some cents to a hundredth of one.
fn dollars(amount: f64) -> String {
    if amount <= 0.0 {
        "$0.00".to_owned()
    } else if amount < 0.0001 {
        "less than $0.0001".to_owned()
    } else if amount < 0.1 {
        format!("${amount:.4}")
    } else {
        format!("${amount:.2}")
    }
}
