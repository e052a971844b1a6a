//! Rows by keyboard: `j` and `k` go through them, wherever a page lists something that leads somewhere.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// What can have the focus in a row: the link of a table's row, a conversation, and what marks itself as one, as the events of agents do.
const ROWS: &str = "main .row-link, main .chat-row, main [data-row]";

/// Where to go from the row that has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStep {
    /// To the one below; from elsewhere, to the first, or to the one that Tab leads to where that is one of many.
    Next,
    /// To the one above; from elsewhere, to the last, or to the one that Tab leads to.
    Previous,
    /// To the first.
    First,
}

/// Moves the focus. At an end of the list it stays where it is. Answers whether there is a row at all.
pub fn focus_row(step: RowStep) -> bool {
    let rows = shown_rows();
    let focused = document().active_element();
    let has_focus = |row: &HtmlElement| focused.as_ref().is_some_and(|focused| row.contains(Some(focused)));
    let place = rows.iter().position(has_focus);
    let last = rows.len().saturating_sub(1);
    let next = match (step, place) {
        (RowStep::First, _) => 0,
        (RowStep::Next, Some(place)) => place.saturating_add(1).min(last),
        (RowStep::Previous, Some(place)) => place.saturating_sub(1),
        (step, None) => {
            let by_tab = rows.iter().position(|row| row.has_attribute("data-row") && row.tab_index() == 0);
            by_tab.unwrap_or(if step == RowStep::Next { 0 } else { last })
        }
    };
    let Some(row) = rows.get(next) else { return false };
    // An element that is shown takes the focus, and the browser brings it into view.
    let _ = row.focus();
    true
}

fn shown_rows() -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all(ROWS) else { return Vec::new() };
    (0..list.length())
        .filter_map(|place| list.get(place)?.dyn_into::<HtmlElement>().ok())
        // What is not shown has no place in the layout.
        .filter(|row| row.offset_parent().is_some())
        .collect()
}
