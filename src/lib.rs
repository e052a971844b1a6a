//! The dashboard: Leptos, rendered in the browser, on one shared WebSocket.
//!
//! [`realtime::WebSocketProvider`] owns the socket; the hooks in [`realtime`] turn its frames into state;
//! [`api`] fetches snapshots and lists; [`pages`] show them, built of [`components`].

pub mod api;
pub mod app;
pub mod components;
pub mod config;
pub mod pages;
pub mod realtime;
