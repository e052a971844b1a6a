//! The hooks: what components call. One file each.
//!
//! A hook takes what it needs from context when it is called, in the component's body. Its callbacks run later,
//! outside any owner: take contexts before, and capture them.

mod live_list;
mod live_row;
mod use_connection_status;
mod use_conversation;
mod use_conversations;
mod use_daemon;
mod use_dashboard_updates;
mod use_execution;
mod use_executions;
mod use_job_events;
mod use_scrape_progress;
mod use_scrape_runs;
mod use_wire;

use std::rc::{Rc, Weak};

use leptos::prelude::*;
use switchboard_link::LinkState;

use super::WebSocketContext;

pub use live_row::LiveRow;
pub use use_connection_status::{ConnectionStatus, UseConnectionStatus, use_connection_status};
pub use use_conversation::{ChatEntry, UseConversation, use_conversation};
pub use use_conversations::{ConversationRow, UseConversations, use_conversations};
pub use use_daemon::{DaemonSource, UseDaemon, use_daemon};
pub use use_dashboard_updates::{UseDashboardUpdates, use_dashboard_updates};
pub use use_execution::{ExecutionHandle, LoadPhase, UseExecution, use_execution};
pub use use_executions::{ExecutionRow, UseExecutions, use_executions};
pub use use_job_events::{JobFilter, UseJobEvents, use_job_events};
pub use use_scrape_progress::{OVERALL, ScrapeRunHandle, UseScrapeProgress, overall_of, use_scrape_progress};
pub use use_scrape_runs::{ScrapeRunRow, UseScrapeRuns, use_scrape_runs};
pub use use_wire::{Asked, Holding, UseWire, WireState, use_wire};

/// The place in the log from which on the connection brings everything; `None` where the server numbers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LiveFrom(Option<u64>);

/// What a hook holds for as long as it shows something: the sign that it does, and what keeps that current.
///
/// It is held apart from the state that it keeps current. A request on its way holds that state, and would have frames reach signals
/// that went with the component.
struct Showing<H> {
    _sign: Rc<()>,
    _held: H,
}

/// Whether a hook still shows a state. It does not once its component is gone or its key is another; what a request brings then is
/// for nobody.
#[derive(Default)]
struct IsShown(Weak<()>);

impl IsShown {
    /// A state that is shown for as long as the other is held.
    fn begin() -> (Self, Rc<()>) {
        let sign = Rc::new(());
        (Self(Rc::downgrade(&sign)), sign)
    }

    fn get(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Holds a subscription, or several, for what `key` says, from now on and through every change of it, until the calling
/// component goes. Subscribing at once, not in an effect, loses no event between mount and the first effect.
fn subscribe_while_mounted<K, H>(key: Signal<K>, subscribe: impl Fn(&K) -> H + 'static)
where
    K: Clone + PartialEq + Send + Sync + 'static,
    H: 'static,
{
    let first = key.get_untracked();
    let held = StoredValue::new_local((Some(subscribe(&first)), first));
    Effect::new(move || {
        let now = key.get();
        if held.try_with_value(|(_, before)| *before != now) != Some(true) {
            return;
        }
        // The old one goes before the new one comes: handlers of the two never mix.
        let _ = held.try_update_value(|(held, _)| drop(held.take()));
        let next = Some(subscribe(&now));
        let _ = held.try_update_value(|value| *value = (next, now));
    });
}

/// Calls `on_live` with the place from which on the connection brings everything, when it first does and whenever that place
/// changes: a snapshot that is older lacks what happened until then. A connection that resumed goes on from the same place.
fn follow_live(context: WebSocketContext, on_live: impl Fn(Option<u64>) + 'static) {
    let link = context.status();
    let live =
        Memo::new(move |_| link.with(|link| (link.state == LinkState::Connected).then_some(link.live_from)));
    Effect::new(move |before: Option<Option<Option<u64>>>| {
        let before = before.flatten();
        let now = live.get();
        if let Some(live_from) = now.filter(|_| before != now) {
            on_live(live_from);
        }
        now.or(before)
    });
}
