//! Keeps the end of a conversation in view, or what somebody reads where it is.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

/// How far from the end, in CSS pixels, still counts as being at the end: less than two lines.
const AT_END_PX: i32 = 32;

/// How near to the beginning, in CSS pixels, earlier messages are asked for.
const NEAR_BEGIN_PX: i32 = 240;

/// For how many animation frames a place is restored: entries that come into view get their height one frame later.
const SETTLE_FRAMES: u32 = 3;

/// The scrolling of one list of messages. A handle.
#[derive(Clone, Copy)]
pub(super) struct Scroll {
    /// What scrolls.
    pub frame: NodeRef<html::Div>,
    /// What it holds, whose height changes.
    pub list: NodeRef<html::Ol>,
    /// Whether the end is in view and stays so.
    pub is_following: RwSignal<bool>,
    /// Where the view was when this last looked.
    last_top: StoredValue<i32>,
    /// The entry at the top of the view before the entries changed, and how far it was from there.
    kept: StoredValue<Option<(HtmlElement, i32)>, LocalStorage>,
}

impl Scroll {
    pub fn new() -> Self {
        Self {
            frame: NodeRef::new(),
            list: NodeRef::new(),
            is_following: RwSignal::new(true),
            last_top: StoredValue::new(0),
            kept: StoredValue::new_local(None),
        }
    }

    /// Goes to the end and stays there.
    pub fn follow(self) {
        self.is_following.set(true);
        self.kept.set_value(None);
        self.to_end();
    }

    /// Remembers what is in view, just before entries change: earlier ones may push it down.
    pub fn keep_place(self) {
        if self.is_following.get_untracked() {
            return;
        }
        let (Some(frame), Some(list)) = (self.frame.get_untracked(), self.list.get_untracked()) else {
            return;
        };
        let mut entry = list.first_element_child().and_then(|entry| entry.dyn_into::<HtmlElement>().ok());
        while let Some(shown) = entry {
            if shown.offset_top() + shown.offset_height() > frame.scroll_top() {
                let distance = shown.offset_top() - frame.scroll_top();
                return self.kept.set_value(Some((shown, distance)));
            }
            entry = shown.next_element_sibling().and_then(|entry| entry.dyn_into().ok());
        }
    }

    /// Has just put earlier messages above: shows again what was in view, before the browser paints, and once more in
    /// the frames in which it finds out how high the entries are that have come into view.
    pub fn restore_place(self) {
        self.restore_place_for(SETTLE_FRAMES);
    }

    /// What has changed has pushed nothing down.
    pub fn forget_place(self) {
        let _ = self.kept.try_set_value(None);
    }

    fn restore_place_for(self, frames: u32) {
        self.restore();
        if frames == 0 {
            self.forget_place();
        } else {
            request_animation_frame(move || self.restore_place_for(frames - 1));
        }
    }

    fn restore(self) {
        let kept = self.kept.try_get_value().flatten();
        if let (Some((entry, distance)), Some(Some(frame))) = (kept, self.frame.try_get_untracked()) {
            let place = entry.offset_top() - distance;
            if frame.scroll_top() != place {
                frame.set_scroll_top(place);
            }
        }
    }

    /// Has been scrolled, by a person or by this; answers whether the beginning is near.
    ///
    /// The end is left by going up. Not being at the end is not enough: what came since this went there has moved the
    /// end away, and the browser tells of the scroll only after that.
    pub fn scrolled(self) -> bool {
        let Some(frame) = self.frame.get_untracked() else { return false };
        let top = frame.scroll_top();
        let is_at_end = frame.scroll_height() - top - frame.client_height() < AT_END_PX;
        let went_up = top < self.last_top.get_value();
        self.last_top.set_value(top);
        match self.is_following.get_untracked() {
            true if went_up && !is_at_end => self.is_following.set(false),
            false if is_at_end => self.is_following.set(true),
            _ => {}
        }
        !self.is_following.get_untracked() && top < NEAR_BEGIN_PX
    }

    /// Follows every change of size, of the messages and of the view, until the calling component goes. The browser tells
    /// it after it has laid out and before it paints, so that nothing is seen to jump.
    pub fn watch(self) {
        let observed = StoredValue::new_local(None::<Observed>);
        Effect::new(move || {
            let (Some(frame), Some(list)) = (self.frame.get(), self.list.get()) else { return };
            let on_resize = Closure::<dyn FnMut()>::new(move || {
                if self.is_following.try_get_untracked() == Some(true) {
                    self.to_end();
                } else {
                    self.restore();
                }
            });
            if let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) {
                observer.observe(&frame);
                observer.observe(&list);
                let _ = observed.try_set_value(Some(Observed { observer, _on_resize: on_resize }));
            }
            self.to_end();
        });
    }

    fn to_end(self) {
        if let Some(Some(frame)) = self.frame.try_get_untracked() {
            frame.set_scroll_top(frame.scroll_height());
            let _ = self.last_top.try_set_value(frame.scroll_top());
        }
    }
}

/// An observer that ends when it is dropped.
struct Observed {
    observer: ResizeObserver,
    _on_resize: Closure<dyn FnMut()>,
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
