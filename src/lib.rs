//! The dashboard: Leptos, rendered in the browser, on one shared WebSocket.
//!
//! [`realtime::WebSocketProvider`] owns the socket; the hooks in [`realtime`] turn its frames into state;
//! [`api`] fetches snapshots and lists.

pub mod api;
pub mod config;
pub mod realtime;
