//! What several pages share.

mod banner;
mod connection;
mod copy;
mod duration;
mod execution_table;
mod header;
mod icon;
mod markdown;
mod messages;
mod organization;
mod recycled_rows;
mod shortcuts;
mod status;
mod storage;
mod theme;
mod ticker;
mod time;
mod title;

pub use banner::{DisconnectedBanner, LiveBanner};
pub use connection::Connection;
pub use copy::{Command, CopyButton};
pub use duration::ElapsedTime;
pub use execution_table::{ExecutionTable, SkeletonRows, Sort, SortKey, name_of, title_of};
pub use header::Header;
pub use icon::{Glyph, Icon};
pub use markdown::{Destination, Markdown, destination, plain_text};
pub use messages::{Empty, Failure, Loading, StaleNote};
pub use organization::{OrganizationSwitcher, remembered_organization};
pub use recycled_rows::{RecycledRows, Row};
pub use shortcuts::{Shortcut, Shortcuts, on_shortcut};
pub use status::Status;
pub use storage::{Store, recall, remember};
pub use theme::ThemeSwitch;
pub use ticker::{Ticker, use_ticker};
pub use time::{When, ago_text, clock_text, full_text, grouped, write_exact_clock};
pub use title::use_title;
