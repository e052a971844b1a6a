//! Rows that are used again, in a real document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;

use switchboard_dashboard::components::{RecycledRows, Row};
use switchboard_model::Ring;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

struct Number(HtmlElement);

impl Row<u64> for Number {
    fn create(document: &Document) -> Option<Self> {
        let element: HtmlElement = document.create_element("p").ok()?.dyn_into().ok()?;
        // Marks the element, to tell later whether it is the same one.
        element.set_id(&MADE.replace(MADE.get() + 1).to_string());
        Some(Self(element))
    }

    fn element(&self) -> &HtmlElement {
        &self.0
    }

    fn write(&mut self, item: &u64) {
        self.0.set_text_content(Some(&item.to_string()));
    }
}

fn list() -> HtmlElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let list: HtmlElement = document.create_element("div").unwrap().dyn_into().unwrap();
    document.body().unwrap().append_child(&list).unwrap();
    list
}

/// What the rows show, in the order in which they stand in the document, and the marks of their elements.
fn shown(list: &HtmlElement) -> (Vec<u64>, Vec<String>) {
    let rows = children(list).into_iter().flat_map(|block| children(&block));
    rows.map(|row| (row.text_content().unwrap().parse::<u64>().unwrap(), row.id())).unzip()
}

fn children(parent: &HtmlElement) -> Vec<HtmlElement> {
    let children = parent.children();
    (0..children.length()).map(|place| children.item(place).unwrap().dyn_into().unwrap()).collect()
}

fn assert_shows(list: &HtmlElement, ring: &Ring<u64>) {
    assert_eq!(shown(list).0, ring.iter().copied().collect::<Vec<_>>());
    // Each block's style knows how many rows stand in it, because its height while it is out of sight follows from it.
    for block in children(list) {
        assert_ne!(block.child_element_count(), 0, "no block stays empty");
        let told = block.style().get_property_value("--rows").unwrap();
        assert_eq!(told, block.child_element_count().to_string());
    }
}

#[wasm_bindgen_test]
fn the_latest_items_are_shown_in_order_whatever_comes_at_once() {
    let (list, mut ring) = (list(), Ring::new(100));
    let mut rows = RecycledRows::<Number>::new(list.clone()).unwrap();
    for count in [1, 24, 1, 30, 60, 1, 7, 99, 100, 101, 250, 0, 25, 3] {
        (0..count).for_each(|_| ring.push(ring.total()));
        rows.update(&ring, 1, false);
        assert_shows(&list, &ring);
        assert_eq!(rows.next(), ring.total());
    }
    list.remove();
}

#[wasm_bindgen_test]
fn a_full_list_makes_no_more_elements() {
    let (list, mut ring) = (list(), Ring::new(100));
    let mut rows = RecycledRows::<Number>::new(list.clone()).unwrap();
    (0..100).for_each(|number| ring.push(number));
    rows.update(&ring, 1, false);
    let mut before = shown(&list).1;
    before.sort();
    for _ in 0..40 {
        (0..17).for_each(|_| ring.push(ring.total()));
        rows.update(&ring, 1, false);
        let mut after = shown(&list).1;
        after.sort();
        assert_eq!(after, before);
    }
    list.remove();
}

#[wasm_bindgen_test]
fn another_ring_takes_the_rows_over() {
    let list = list();
    let mut rows = RecycledRows::<Number>::new(list.clone()).unwrap();
    // As long, shorter, empty, longer, and numbered from elsewhere.
    for (generation, (from, to)) in (1..).zip([(0, 130), (1000, 1130), (5, 65), (0, 0), (0, 340), (0, 26)]) {
        let mut ring = Ring::new(100);
        (from..to).for_each(|number| ring.push(number));
        rows.update(&ring, generation, false);
        assert_shows(&list, &ring);
        (0..30).for_each(|_| ring.push(ring.total()));
        rows.update(&ring, generation, false);
        assert_shows(&list, &ring);
    }
    list.remove();
}

#[wasm_bindgen_test]
fn the_last_row_follows_its_item() {
    let (list, mut ring) = (list(), Ring::new(100));
    let mut rows = RecycledRows::<Number>::new(list.clone()).unwrap();
    (0..3).for_each(|number| ring.push(number));
    rows.update(&ring, 1, false);
    *ring.last_mut().unwrap() = 70;
    rows.update(&ring, 1, true);
    assert_eq!(shown(&list).0, [0, 1, 70]);
    *ring.last_mut().unwrap() = 71;
    ring.push(4);
    rows.update(&ring, 1, true);
    assert_eq!(shown(&list).0, [0, 1, 71, 4]);
    list.remove();
}
