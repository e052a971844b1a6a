//! What a connection may do, as a type.

use std::fmt;

use crate::Request;

/// What a connection may do: [`ReadWrite`] or [`ReadOnly`], and nothing else.
///
/// It is a type and not a flag, so that what must never be sent cannot be written down: the message of a read-only
/// [`Output::Send`](crate::Output::Send) and the request of a read-only [`Input::Request`](crate::Input::Request) are of a type
/// without a value.
pub trait Access: sealed::Sealed + fmt::Debug + Clone + Copy + PartialEq + Eq + Default + 'static {
    /// What can be sent.
    type Message: AsRef<str> + fmt::Debug + Clone + PartialEq;

    /// What can be asked of the server.
    type Request: Into<Request> + fmt::Debug + Clone + PartialEq;

    /// The message of this text, where there can be one.
    #[doc(hidden)]
    fn message(text: impl FnOnce() -> String) -> Option<Self::Message>;
}

/// A connection to a hub: handshake, subscriptions and pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadWrite;

/// A connection to a daemon, which only listens: no handshake, no subscription, no ping, not a byte.
///
/// There is nothing that its shell could send, because there is no value of the message's type:
///
/// ```compile_fail,E0308
/// use switchboard_link::{Output, ReadOnly};
///
/// let sent: Output<ReadOnly> = Output::Send { generation: 1, text: String::from("{}") };
/// ```
///
/// Nor can anything be asked through it:
///
/// ```compile_fail,E0308
/// use switchboard_link::{Input, ReadOnly, Request};
///
/// let asked: Input<'_, ReadOnly> = Input::Request(Request::Subscribe("e-1".into()));
/// ```
///
/// So who carries out what it decides has nothing to say to "and if it sends?". For [`ReadWrite`] the same program would not compile:
///
/// ```
/// use switchboard_link::{Output, ReadOnly};
///
/// fn carry_out(output: Output<ReadOnly>) -> &'static str {
///     match output {
///         Output::Open { .. } => "open",
///         Output::Send { text, .. } => match text {},
///         _ => "tell",
///     }
/// }
/// assert_eq!(carry_out(Output::Open { generation: 1 }), "open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOnly;

/// A type without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {}

impl Access for ReadWrite {
    type Message = String;
    type Request = Request;

    fn message(text: impl FnOnce() -> String) -> Option<String> {
        Some(text())
    }
}

impl Access for ReadOnly {
    type Message = Never;
    type Request = Never;

    fn message(_: impl FnOnce() -> String) -> Option<Never> {
        None
    }
}

impl AsRef<str> for Never {
    fn as_ref(&self) -> &str {
        match *self {}
    }
}

impl From<Never> for Request {
    fn from(never: Never) -> Self {
        match never {}
    }
}

mod sealed {
    pub trait Sealed {
        /// Whether a connection begins with a handshake and is pinged, or is only listened to.
        const LISTENS: bool;
    }

    impl Sealed for super::ReadWrite {
        const LISTENS: bool = false;
    }

    impl Sealed for super::ReadOnly {
        const LISTENS: bool = true;
    }
}
