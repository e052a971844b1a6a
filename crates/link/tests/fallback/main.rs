//! The streams that take over for the socket: by the book, and in random interleavings of both transports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod book;
mod interleavings;
