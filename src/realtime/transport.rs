//! Which way progress comes.

use std::fmt;

/// Which way the progress of scrape runs comes to this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Transport {
    /// Over the page's one WebSocket.
    WebSocket,
    /// Over an event stream, because the socket failed three times in a row.
    Sse,
    /// Not at all: what is shown is what was known last.
    #[default]
    None,
}

impl Transport {
    /// Whether anything comes.
    pub fn is_live(self) -> bool {
        self != Self::None
    }
}

impl fmt::Display for Transport {
    /// The words of the product's contract.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WebSocket => "Live over WebSocket",
            Self::Sse => "Live over SSE",
            Self::None => "Not live",
        })
    }
}
