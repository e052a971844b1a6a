//! The rows of the recent frames, and which frames they show.

use switchboard_model::{FRAMES_RECORDED, FrameFilter, Ring, WireFrame};

use super::frame_row::{FrameRow, ShownFrame};
use crate::components::{RecycledRows, Waiting};

/// The rows and what they show: those frames that the filter lets through.
pub(super) struct Shown {
    rows: RecycledRows<FrameRow>,
    ring: Ring<ShownFrame>,
    /// Which ring it is: a new one for each filter.
    generation: u64,
    filter: FrameFilter,
    /// The next frame of the recording to look at.
    next: u64,
    waiting: Waiting,
}

impl Shown {
    pub(super) fn new(list: web_sys::HtmlElement) -> Option<Self> {
        Some(Self {
            rows: RecycledRows::new(list)?,
            ring: Ring::new(FRAMES_RECORDED),
            generation: 1,
            filter: FrameFilter::default(),
            next: 0,
            waiting: Waiting::default(),
        })
    }

    /// Brings the rows to what was recorded, or, where nobody `follows`, only counts what waits.
    pub(super) fn bring(&mut self, frames: &Ring<WireFrame>, filter: &FrameFilter, follows: bool) -> u64 {
        let matching = |(number, frame): (u64, &WireFrame)| {
            let head = frame.head();
            let is_shown = filter.lets_through(frame, &head);
            is_shown.then(|| ShownFrame { number, frame: frame.clone(), head })
        };
        if self.filter == *filter && !follows {
            if filter.is_none() {
                // Also those that came and went again.
                return frames.total().saturating_sub(self.next);
            }
            let new = frames.since(self.waiting.next());
            let count = new.filter(|(_, frame)| filter.lets_through(frame, &frame.head())).count();
            return self.waiting.add(count, frames.total());
        }
        if self.filter != *filter {
            self.generation += 1;
            self.ring = Ring::new(FRAMES_RECORDED);
            self.next = 0;
            self.filter.clone_from(filter);
        }
        self.ring.extend(frames.since(self.next).filter_map(matching));
        self.next = frames.total();
        self.waiting.begin(0, self.next);
        self.rows.update(&self.ring, self.generation, false);
        0
    }

    /// The frames that have a row, the oldest first.
    pub(super) fn frames(&self) -> impl DoubleEndedIterator<Item = &ShownFrame> + ExactSizeIterator {
        self.ring.iter()
    }
}
