//! What several pages share.

mod banner;
mod browser;
mod connection;
mod copy_command;
mod execution_table;
mod failure;
mod header;
mod organization;
mod recycled_rows;
mod shortcuts;
mod status;
mod theme;
mod ticker;
mod times;

pub use banner::StaleBanner;
pub use browser::set_title;
pub use connection::Connection;
pub use copy_command::CopyCommand;
pub use execution_table::{ExecutionTable, Sort, SortKey};
pub use failure::Failure;
pub use header::Header;
pub use organization::{OrganizationSwitcher, remembered_organization};
pub use recycled_rows::{RecycledRows, Row};
pub use shortcuts::{Shortcut, Shortcuts, on_shortcut};
pub use status::{StatusBadge, StatusIcon};
pub use theme::ThemeSwitch;
pub use ticker::{ElapsedTime, provide_ticker};
pub use times::{LocalClock, date_and_time};
