//! What `run` and `agent` share: a command that is run, watched and reported.
//!
//! ```text
//! command ─→ process, pump: its output ─→ event ─→ outbox: bounded ─→ delivery: again and again ─→ the hub
//!                                 └─ its last line ─→ pulse: how the agent is ─→ outbox: the latest only
//! ```

mod delivery;
mod describe;
mod ending;
mod event;
mod flush;
mod lines;
mod outbox;
mod process;
mod pulse;
mod pump;
mod signals;

pub use delivery::Delivery;
pub use describe::{Description, given};
pub use ending::Ending;
pub use event::{Events, Kind};
pub use flush::{DeliveryArgs, flush, tell_losses};
pub use outbox::Outbox;
pub use process::{Run, asked_to_stop};
pub use pulse::Pulse;
pub use pump::LostReaders;
pub use signals::Signals;
