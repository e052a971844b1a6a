//! The connection to a hub as a pure state machine: no I/O, no clock, no randomness.
//!
//! [`Link`] decides; a shell around it acts. The shell gives it every [`Input`] with the [`Moment`] and a random
//! number, carries out each [`Output`] in order, and sets one timer to [`Link::deadline`]. So the dashboard
//! (over gloo-net), `switchboard tail` (over tokio-tungstenite) and the simulations in the tests run the same
//! code, every schedule and fault can be played in microseconds, and a failing seed can be replayed.
//!
//! What it takes care of: one socket at a time, each with a generation whose late words are ignored; the
//! handshake; proof that a server is there; pings and dead peers; backoff; sleep, offline and online; resuming
//! where the last connection stopped, dropping duplicates, and finding and repairing gaps by the server's own
//! count; subscriptions counted by reference. It speaks to servers that keep no log too, and says honestly
//! ([`Output::Refetch`]) whenever something may have been missed for good.
//!
//! What a link may do is a type: `Link<ReadWrite>`, the usual one, speaks to a hub, and `Link<ReadOnly>` listens to a daemon and
//! has nothing that could be sent ([`Access`]).
//!
//! A shell in outline:
//!
//! ```
//! use switchboard_link::{Input, Link, LinkOptions, LinkState, Moment, Output};
//!
//! let mut link = Link::new(LinkOptions::default());
//! let mut out = Vec::new();
//! let now = Moment { monotonic_ms: 0, wall_ms: 1_774_958_400_000 };
//!
//! link.handle(Input::Connect, now, 0.5, &mut out);
//! assert_eq!(out.remove(0), Output::Open { generation: 1 }); // so the shell opens a socket …
//!
//! link.handle(Input::Opened { generation: 1 }, now.after(20), 0.5, &mut out);
//! assert!(out.iter().any(|output| matches!(output, Output::Send { .. }))); // … and sends the handshake …
//!
//! let text = r#"{"type":"connection_ack","connectionId":"c-1","epoch":"e","seq":7}"#;
//! link.handle(Input::Message { generation: 1, text }, now.after(40), 0.5, &mut out);
//! assert_eq!(link.status().state, LinkState::Connected);
//! assert!(link.deadline().is_some()); // … and wakes the link when the next ping is due.
//! ```

mod access;
mod backoff;
mod cursor;
mod event;
mod fallback;
mod heartbeat;
mod history;
mod input;
mod link;
mod moment;
mod options;
mod output;
mod silence;
mod sleep;
mod stats;
mod status;
mod subscriptions;

pub use access::{Access, Never, ReadOnly, ReadWrite};
pub use backoff::Backoff;
pub use fallback::{Fallback, Scope, SocketView, StreamInput, StreamOutput};
pub use history::{Entry, Happening, History, MOST_ENTRIES, Why};
pub use input::{Input, Request};
pub use link::Link;
pub use moment::Moment;
pub use options::{LinkOptions, ListenOptions};
pub use output::{Output, RefetchReason};
pub use stats::LinkStats;
pub use status::{LinkError, LinkState, LinkStatus};
