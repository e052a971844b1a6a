//! A long, fast list of real rows.
//!
//! An execution may write thousands of lines a second, and its page shows the latest 1,000. A keyed list would
//! make and drop an element for each; a virtual list would keep most lines from the browser's own search, from
//! selection and from assistive technology. So the rows are all there, and are recycled: once the list is full, a
//! new item takes over the element of the oldest, which moves to the end. At steady state nothing is allocated
//! but the text.
//!
//! The rows stand in blocks of a few. A browser lays a list out by going through all its children, and paints
//! again whatever has moved; with blocks it goes through forty instead of a thousand, and a block that is out of
//! sight can be left out altogether (`content-visibility` in style/log.css). That halves what an update costs.

use std::collections::VecDeque;

use switchboard_model::Ring;
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement};

/// How many rows stand in a block: fewer make the list long again, more leave less out of sight.
const BLOCK_ROWS: usize = 25;

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
    blocks: VecDeque<Block>,
    /// A block that all rows have left, to be used again.
    spare: Option<Block>,
    /// The number of the next item to show.
    next: u64,
    generation: u64,
}

/// `<div class="row-block">` with some rows that follow each other. Its style knows their number as `--rows`.
struct Block {
    element: HtmlElement,
    /// How many rows stand in it.
    rows: usize,
    /// How many places were given out: rows leave the first block one by one, and nobody takes their place.
    taken: usize,
    /// The number that its style knows.
    told: usize,
}

impl<R> RecycledRows<R> {
    /// The rows of `list`, which holds none yet. `None` outside of a document.
    pub fn new(list: HtmlElement) -> Option<Self> {
        let document = list.owner_document()?;
        let (rows, blocks) = (VecDeque::new(), VecDeque::new());
        Some(Self { document, list, rows, blocks, spare: None, next: 0, generation: 0 })
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
        for (number, item) in ring.since(self.next) {
            let row =
                if self.rows.len() < ring.capacity() { R::create(&self.document) } else { self.take_first() };
            let Some(mut row) = row else { break };
            row.write(item);
            if self.add_last(row).is_none() {
                break;
            }
            self.next = number + 1;
        }
        self.blocks.iter_mut().for_each(Block::tell);
    }

    /// Makes ready for another ring: drops the rows that it does not fill, and lets it take over the others.
    fn begin_anew<T>(&mut self, ring: &Ring<T>)
    where
        R: Row<T>,
    {
        while self.rows.len() > ring.len() {
            let (Some(row), Some(block)) = (self.rows.pop_back(), self.blocks.back_mut()) else { break };
            row.element().remove();
            block.rows -= 1;
            block.taken -= 1;
            if block.rows == 0 {
                self.spare = self.blocks.pop_back().inspect(Block::leave);
            }
        }
        let rows = self.rows.iter_mut().zip(ring.iter());
        rows.for_each(|(row, item)| row.write(item));
        self.next = ring.first_index() + self.rows.len() as u64;
        self.blocks.iter_mut().for_each(Block::tell);
    }

    /// The first row, out of its block. It stays in the document until it is added again.
    fn take_first(&mut self) -> Option<R> {
        let row = self.rows.pop_front()?;
        let block = self.blocks.front_mut()?;
        block.rows -= 1;
        if block.rows == 0 {
            // Its last row would leave the document with it, and come back alone.
            self.spare = self.blocks.pop_front().inspect(Block::leave);
        }
        Some(row)
    }

    /// Puts a row below the last one; `None` where the browser can't make a block.
    fn add_last<T>(&mut self, row: R) -> Option<()>
    where
        R: Row<T>,
    {
        if self.blocks.back().is_none_or(|block| block.taken == BLOCK_ROWS) {
            let mut block = match self.spare.take() {
                Some(block) => block,
                None => Block::create(&self.document)?,
            };
            (block.rows, block.taken) = (0, 0);
            // Refused only where a node would contain itself.
            let _ = self.list.append_child(&block.element);
            self.blocks.push_back(block);
        }
        let block = self.blocks.back_mut()?;
        let _ = block.element.append_child(row.element());
        block.rows += 1;
        block.taken += 1;
        self.rows.push_back(row);
        Some(())
    }
}

impl Block {
    fn create(document: &Document) -> Option<Self> {
        let element: HtmlElement = document.create_element("div").ok()?.dyn_into().ok()?;
        element.set_class_name("row-block");
        Some(Self { element, rows: 0, taken: 0, told: 0 })
    }

    fn leave(&self) {
        self.element.remove();
    }

    /// Tells the block's style how many rows there are, if that has changed.
    fn tell(&mut self) {
        if self.told != self.rows {
            self.told = self.rows;
            // A custom property takes any value.
            let _ = self.element.style().set_property("--rows", &self.rows.to_string());
        }
    }
}
