//! What the browser tells of the network and of the page: timers stop in hidden tabs and in sleeping laptops,
//! and a page that comes back from the back/forward cache may hold a dead socket.

use std::rc::{Rc, Weak};

use leptos::{ev, leptos_dom::helpers::WindowListenerHandle, prelude::window_event_listener};
use switchboard_link::Input;

use super::{shell::Shell, socket::Carries};

/// The listeners. Dropping them removes them.
pub(super) struct Listeners(Vec<WindowListenerHandle>);

impl Listeners {
    pub(super) fn attach<A: Carries>(shell: &Rc<Shell<A>>) -> Self {
        let tell = |input: fn() -> Input<'static, A>| {
            let shell = Rc::downgrade(shell);
            move || with(&shell, |shell| shell.tell(input()))
        };
        let (online, offline) = (tell(|| Input::Online), tell(|| Input::Offline));
        let (left, restored, visibility) = (Rc::downgrade(shell), Rc::downgrade(shell), Rc::downgrade(shell));
        Self(vec![
            window_event_listener(ev::online, move |_| online()),
            window_event_listener(ev::offline, move |_| offline()),
            window_event_listener(transition("pagehide"), move |_| with(&left, Shell::page_left)),
            window_event_listener(transition("pageshow"), move |event| {
                if event.persisted() {
                    with(&restored, Shell::page_restored);
                }
            }),
            // The event is the document's, and bubbles up to the window.
            window_event_listener(ev::visibilitychange, move |_| {
                with(&visibility, Shell::visibility_changed);
            }),
        ])
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.0.drain(..).for_each(WindowListenerHandle::remove);
    }
}

fn transition(name: &'static str) -> ev::Custom<web_sys::PageTransitionEvent> {
    ev::Custom::new(name)
}

fn with<A: Carries>(shell: &Weak<Shell<A>>, act: impl FnOnce(&Shell<A>)) {
    if let Some(shell) = shell.upgrade() {
        act(&shell);
    }
}
