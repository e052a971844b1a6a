//! Why a model gave no answer, in words for whoever asked.

/// Why a model gave no answer. The texts hold the server's host and what it said, never the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Nobody answers there.
    #[error(
        "The model server at {server} cannot be reached ({reason}). Check that it runs, and --model-url."
    )]
    Unreachable {
        /// The server's host and port.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// 401 or 403.
    #[error(
        "The model server at {server} does not accept the key (status {status}{said}). Check SWITCHBOARD_MODEL_KEY."
    )]
    Key {
        /// The server's host and port.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What it said, with what leads over to it.
        said: String,
    },
    /// 404.
    #[error(
        "The model server at {server} knows no model `{model}`, or answers at another path (status 404{said}). \
         Check --model and --model-url."
    )]
    Unknown {
        /// The server's host and port.
        server: String,
        /// The model that was asked for.
        model: String,
        /// What it said.
        said: String,
    },
    /// 429, also after waiting.
    #[error(
        "The model server at {server} is asked too often (status 429{said}). Send the message again {when}."
    )]
    RateLimited {
        /// The server's host and port.
        server: String,
        /// What it said.
        said: String,
        /// When it may be asked again.
        when: String,
    },
    /// 3xx. The key is not sent to wherever it points.
    #[error(
        "The model server at {server} redirects elsewhere (status {status}). Give the final address as --model-url."
    )]
    Redirected {
        /// The server's host and port.
        server: String,
        /// The HTTP status.
        status: u16,
    },
    /// Any other 4xx.
    #[error("The model server at {server} refused the request (status {status}{said}).")]
    Refused {
        /// The server's host and port.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// 5xx, also after trying again, or an error instead of an answer.
    #[error("The model server at {server} failed{after} ({what}{said}). Send the message again later.")]
    Failed {
        /// The server's host and port.
        server: String,
        /// After how many tries.
        after: String,
        /// The status, or what else it was.
        what: String,
        /// What it said.
        said: String,
    },
    /// It answers, but not as such a server does.
    #[error(
        "What the model server at {server} answered is no chat completion ({reason}). Check --model-url."
    )]
    NotUnderstood {
        /// The server's host and port.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It broke off.
    #[error(
        "The model's answer broke off in the middle: the connection to {server} ended. What had come of it is not a \
         whole answer and was dropped. Send the message again."
    )]
    CutOff {
        /// The server's host and port.
        server: String,
    },
    /// It said nothing more.
    #[error(
        "The model's answer stopped in the middle: nothing more came from {server} for {seconds} seconds. What had come of \
         it is not a whole answer and was dropped. Send the message again."
    )]
    Silent {
        /// The server's host and port.
        server: String,
        /// For how long.
        seconds: u64,
    },
    /// The answer is empty.
    #[error("The model at {server} answered nothing{reason}. Word the message otherwise, or send it again.")]
    Empty {
        /// The server's host and port.
        server: String,
        /// Why, where it says so.
        reason: String,
    },
}
