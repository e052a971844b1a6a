//! Where the focus goes when what has it disappears. A browser would begin again at the top of the page, and whoever works by keyboard
//! or listens would have to find the way back.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

/// Whether the element that handles an event has the focus, as a button has that was just pressed.
pub fn has_focus(event: &ev::MouseEvent) -> bool {
    let handling = event.current_target().and_then(|target| target.dyn_into::<Node>().ok());
    let focused = document().active_element();
    handling.is_some_and(|handling| focused.is_some_and(|focused| handling.contains(Some(&focused))))
}

/// Whether what had the focus is gone.
pub fn is_focus_lost() -> bool {
    let body = document().body();
    document().active_element().is_none_or(|focused| body.is_some_and(|body| *focused == **body))
}

/// Hands the focus of a button that will disappear on to `element`.
pub fn pass_focus(event: &ev::MouseEvent, element: Option<HtmlElement>) {
    if let Some(element) = element.filter(|_| has_focus(event)) {
        focus(&element);
    }
}

/// Gives the focus to the first element of a selector, where there is one.
pub fn focus_first(selector: &str) {
    let element = document().query_selector(selector).ok().flatten();
    if let Some(element) = element.and_then(|element| element.dyn_into().ok()) {
        focus(&element);
    }
}

/// Gives an element the focus; the browser brings it into view.
pub fn focus(element: &HtmlElement) {
    // An element that is shown takes the focus.
    let _ = element.focus();
}
