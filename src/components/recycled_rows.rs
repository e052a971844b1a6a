//! A long, fast list of real rows.
//!
//! An execution may write thousands of lines a second, and its page shows the latest 1,000. A keyed list would
//! make and drop an element for each; a virtual list would keep most lines from the browser's own search, from
//! selection and from assistive technology. So the rows are all there, and are recycled: once the list is full, a
//! new item takes over the element of the oldest, which moves to the end. At steady state nothing is allocated
//! but the text, and the moves of one update are one insertion.

use std::collections::VecDeque;

use switchboard_model::Ring;
use web_sys::{Document, HtmlElement};

/// One row: an element, and how to write an item into it.
pub trait Row<T>: Sized {
    /// Makes an empty row.
    fn create(document: &Document) -> Option<Self>;

    /// The row's element.
    fn element(&self) -> &HtmlElement;

    /// Writes an item over what the row held.
    fn write(&mut self, item: &T);
}

/// The rows of one list, as they stand in the document.
pub struct RecycledRows<R> {
    document: Document,
    list: HtmlElement,
    rows: VecDeque<R>,
    /// The number of the next item to show.
    next: u64,
    generation: u64,
}

impl<R> RecycledRows<R> {
    /// The rows of `list`, which holds none yet. `None` outside of a document.
    pub fn new(list: HtmlElement) -> Option<Self> {
        let document = list.owner_document()?;
        Some(Self { document, list, rows: VecDeque::new(), next: 0, generation: 0 })
    }

    /// Which ring the rows show; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The number of the next item to show: all before it are shown, or were.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Brings the rows to what `ring` holds. `generation` says which ring it is: another one begins anew, on the
    /// same elements. With `rewrite_last`, the last row is written again, because its item changed in place.
    pub fn update<T>(&mut self, ring: &Ring<T>, generation: u64, rewrite_last: bool)
    where
        R: Row<T>,
    {
        if self.generation != generation {
            self.generation = generation;
            self.begin_anew(ring);
        } else if rewrite_last
            && let (Some(row), Some((_, item))) =
                (self.rows.back_mut(), ring.since(self.next.saturating_sub(1)).next())
        {
            row.write(item);
        }
        if self.next >= ring.total() {
            return;
        }
        let moved = self.document.create_document_fragment();
        for (number, item) in ring.since(self.next) {
            let row = if self.rows.len() < ring.capacity() {
                R::create(&self.document)
            } else {
                self.rows.pop_front()
            };
            let Some(mut row) = row else { break };
            row.write(item);
            // Refused only where a node would contain itself.
            let _ = moved.append_child(row.element());
            self.rows.push_back(row);
            self.next = number + 1;
        }
        let _ = self.list.append_child(&moved);
    }

    /// Makes ready for another ring: drops the rows that it does not fill, and lets it take over the others.
    fn begin_anew<T>(&mut self, ring: &Ring<T>)
    where
        R: Row<T>,
    {
        while self.rows.len() > ring.len() {
            if let Some(row) = self.rows.pop_back() {
                row.element().remove();
            }
        }
        let rows = self.rows.iter_mut().zip(ring.iter());
        rows.for_each(|(row, item)| row.write(item));
        self.next = ring.first_index() + self.rows.len() as u64;
    }
}
