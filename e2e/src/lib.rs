//! The harness of the end-to-end tests: the real hub, a real Chromium, and real faults between them.
//!
//! A test is a function that hands an async closure to [`run`]. The [`Stage`] that the closure receives starts
//! what the test needs and ends it afterwards; where the test fails, it prints what every process said and
//! leaves a screenshot of every tab in `target/e2e/`.
//!
//! * [`Hub`]: the `switchboard` binary on a port and a data folder that outlive a kill.
//! * [`Proxy`]: TCP between browser and hub, which cuts, stalls, delays and refuses.
//! * [`Browser`] and [`Page`]: Chromium through chromedriver, asked by role and accessible name.
//! * [`ModelServer`]: a language model's server, which streams, pauses, refuses and breaks off as it is told.
//! * [`Daemon`]: a daemon over plain TCP, which counts each byte that it is sent.
//! * [`Part1Server`]: a server that speaks only what existed before Switchboard, and can be told to misbehave.
//!
//! Waiting is always for a condition, never for a time: [`until`] polls, and on failure says what it saw last.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `SWITCHBOARD_BIN` | the hub and command line | `target/debug/switchboard` |
//! | `SWITCHBOARD_DIST` | the built dashboard | `dist` |
//! | `CHROMEDRIVER`, `CHROMIUM` | the browser | `chromedriver`, `chromium` on PATH or in `/usr/bin` |
//! | `SWITCHBOARD_AXE` | the script of axe-core | none; `cargo xtask test --e2e` installs it |
//! | `E2E_REPEAT` | how often the kill-and-restart test runs | 1 |
//! | `E2E_SHOTS` | keep a screenshot of every page, size and theme in `target/e2e/shots/` | no |
//! | `E2E_PATIENCE` | seconds that a condition may take | 60 |
//! | `E2E_VERBOSE` | print the journal as it is written | no |

// A harness has no caller to hand an error to: whatever fails here is a test that fails, and the message is the
// report. Indexing is that of JSON values, which answers null for what is absent.
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, clippy::indexing_slicing)]

mod browser;
mod daemon;
mod hub;
mod journal;
mod model;
mod net;
mod page;
mod part1;
mod paths;
mod process;
mod proxy;
pub mod sample;
pub mod scene;
pub mod site;
mod stage;
mod wait;

pub use browser::Browser;
pub use daemon::Daemon;
pub use hub::Hub;
pub use journal::Journal;
pub use model::{ModelAnswer, ModelServer};
pub use net::{Answer, get, post};
pub use page::{ConsoleEntry, Ledger, NARROW, Page, Scheme, SocketRecord, WIDE};
pub use part1::Part1Server;
pub use process::Process;
pub use proxy::Proxy;
pub use scene::Scene;
pub use site::{Site, SitePage};
pub use stage::{Stage, run};
pub use wait::{until, until_true};
