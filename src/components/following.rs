//! A list that follows its newest row, until somebody reads.
//!
//! Such a list is a column from its end (`column-reverse` in its style): its place 0 is the end, and a browser keeps it in sight by
//! itself. Who scrolls away from the end, or pauses, reads undisturbed: the rows are left alone, and what waits is counted.

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::grouped;

/// Whether a list follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The end is in view, and stays so.
    Following,
    /// Somebody scrolled away from the end; scrolling back follows again.
    ScrolledAway,
    /// Somebody paused; only a person follows again.
    Paused,
}

/// Whether a list follows its newest row: a Copy handle.
#[derive(Debug, Clone, Copy)]
pub struct Following {
    mode: RwSignal<Mode>,
    at_end_px: i32,
}

impl Following {
    /// A list that follows, and counts as being at its end so many CSS pixels from it: less than two rows.
    pub fn new(at_end_px: i32) -> Self {
        Self { mode: RwSignal::new(Mode::Following), at_end_px }
    }

    /// Whether it follows; is called again when that changes.
    pub fn get(self) -> bool {
        self.mode.get() == Mode::Following
    }

    /// Follows again.
    pub fn follow(self) {
        self.set(Mode::Following);
    }

    /// Stands still until somebody follows again.
    pub fn pause(self) {
        self.set(Mode::Paused);
    }

    /// Pauses, or follows again. Answers whether it follows now.
    pub fn toggle(self) -> bool {
        let follows = self.mode.try_get_untracked() != Some(Mode::Following);
        self.set(if follows { Mode::Following } else { Mode::Paused });
        follows
    }

    /// The list was scrolled to where it is now.
    pub fn scrolled(self, list: &HtmlElement) {
        // Counted from the end, upwards below zero.
        let at_end = list.scroll_top() > -self.at_end_px;
        match (self.mode.try_get_untracked(), at_end) {
            (Some(Mode::Following), false) => self.set(Mode::ScrolledAway),
            (Some(Mode::ScrolledAway), true) => self.set(Mode::Following),
            _ => {}
        }
    }

    fn set(self, mode: Mode) {
        let _ = self.mode.try_set(mode);
    }
}

/// How many rows are shown of how many came. `is_whole` says that no filter leaves any out.
pub fn shown_text(shown: usize, total: u64, is_whole: bool) -> Option<String> {
    let words = grouped(shown as u64);
    match (total, is_whole) {
        (0, _) => None,
        (total, true) if shown as u64 >= total => Some(words),
        (total, true) => Some(format!("the latest {words} of {}", grouped(total))),
        (total, false) => Some(format!("{words} match, of {}", grouped(total))),
    }
}

/// What waits to be shown, counted on from where the last count ended. Each item is looked at once, however often it is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waiting {
    /// Which list it is of, for those that begin anew.
    source: u64,
    /// The number of the next item to look at.
    next: u64,
    count: u64,
}

impl Waiting {
    /// Nothing of the list `source` waits before the item `next`.
    pub fn begin(&mut self, source: u64, next: u64) {
        *self = Self { source, next, count: 0 };
    }

    /// Which list is counted.
    pub fn source(&self) -> u64 {
        self.source
    }

    /// The number of the next item to look at.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// So many more match, of those before the item `next`. Answers how many wait.
    pub fn add(&mut self, matching: usize, next: u64) -> u64 {
        self.count = self.count.saturating_add(matching as u64);
        self.next = next;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn how_much_is_shown_is_told() {
        assert_eq!(shown_text(0, 0, true), None);
        assert_eq!(shown_text(3, 3, true).unwrap(), "3");
        assert_eq!(shown_text(1_000, 5_000, true).unwrap(), "the latest 1,000 of 5,000");
        assert_eq!(shown_text(0, 5_000, false).unwrap(), "0 match, of 5,000");
    }

    #[wasm_bindgen_test]
    fn what_waits_is_counted_on() {
        let mut waiting = Waiting::default();
        waiting.begin(1, 10);
        assert_eq!(waiting.add(2, 15), 2);
        assert_eq!((waiting.next(), waiting.add(0, 15), waiting.add(3, 20)), (15, 2, 5));
        waiting.begin(2, 0);
        assert_eq!((waiting.source(), waiting.add(0, 4)), (2, 0));
    }
}
