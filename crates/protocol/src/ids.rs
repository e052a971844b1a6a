//! Identifiers: one type for each kind of thing, so that a run is never taken for an execution.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// An opaque, non-interpreted string. Cloning shares the text.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }
    };
}

id!(
    /// An organization: the owner of one append-only log.
    OrganizationId
);
id!(
    /// One execution of an agent or a command.
    ExecutionId
);
id!(
    /// One event inside an execution.
    EventId
);
id!(
    /// A background job.
    JobId
);
id!(
    /// A queued chat task.
    TaskId
);
id!(
    /// A conversation: messages, and the replies to them.
    ConversationId
);
id!(
    /// One message of a conversation.
    MessageId
);
id!(
    /// A scrape run.
    RunId
);
id!(
    /// An agent watched through a daemon.
    AgentId
);

impl Default for OrganizationId {
    /// `default`: the organization where nothing names one.
    fn default() -> Self {
        Self::from("default")
    }
}
