//! What a browser saw of its way to the hub, and what is to be concluded from it.
//!
//! The dashboard looks (`src/pages/wire/doctor`), and these functions judge: each takes what was seen and answers a verdict, what was
//! found in words, and what to change. They know no browser, so that every way to fail can be tried in a native test.

mod clock;
mod health;
mod origin;
mod proxies;
mod socket;
mod stream;

use switchboard_protocol::{Timestamp, rest::Problem};

pub use clock::{judge_clock, page_clock_ahead_ms};
pub use health::judge_health;
pub use origin::judge_origin;
pub use proxies::PROXY_LINES;
pub use socket::{SocketSeen, judge_socket};
pub use stream::{StreamSeen, judge_stream};

/// How many characters of a foreign text are told.
const EXCERPT_CHARACTERS: usize = 160;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As it should be.
    Well,
    /// It works, and something about it is odd or slow.
    Doubtful,
    /// It does not work.
    Wrong,
    /// Nobody can say, for instance because something else is wrong first.
    Unknown,
}

impl Verdict {
    /// The verdict as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Doubtful => "doubtful",
            Self::Wrong => "wrong",
            Self::Unknown => "not known",
        }
    }
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, in a sentence or two.
    pub found: String,
    /// What to change, the likeliest first.
    pub advice: Vec<Advice>,
}

/// Something to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What to do, and why.
    pub text: String,
    /// The lines to write, where there are some.
    pub lines: Vec<Lines>,
}

/// Lines to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Whose they are, as in `nginx`.
    pub of: &'static str,
    /// The lines.
    pub text: String,
}

/// Where the page and what it talks to are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The page's origin, such as `https://board.example.org`.
    pub page: String,
    /// The origin of the HTTP interface.
    pub api: String,
    /// The socket's address, without its query.
    pub socket: String,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// An answer that the page may read.
    Answered(Answer),
    /// An answer that the browser does not let the page read: it does not allow the page's origin.
    Hidden,
    /// None: what the browser says of it.
    Nothing {
        /// The browser's words.
        reason: String,
    },
    /// None in time.
    TimedOut {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
}

/// An answer that the page may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: Option<String>,
    /// The body's beginning.
    pub body: String,
    /// The `Date`, where the page may read it.
    pub date: Option<Timestamp>,
    /// When the request was sent, by this machine's clock.
    pub sent_at: Timestamp,
    /// How long the answer took, in milliseconds.
    pub took_ms: u64,
}

impl Answer {
    /// Whether it is a page for people.
    fn is_html(&self) -> bool {
        let start = self.body.trim_start().get(..9).unwrap_or_default();
        self.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"))
            || start.eq_ignore_ascii_case("<!doctype")
            || start.to_ascii_lowercase().starts_with("<html")
    }

    /// The server's own words, where it has some.
    fn words(&self) -> Option<String> {
        let problem = serde_json::from_str::<Problem>(&self.body).ok()?;
        problem.detail.or(Some(problem.title)).filter(|words| !words.is_empty()).map(|words| excerpt(&words))
    }
}

impl Finding {
    fn new(verdict: Verdict, found: impl Into<String>) -> Self {
        Self { verdict, found: found.into(), advice: Vec::new() }
    }

    fn well(found: impl Into<String>) -> Self {
        Self::new(Verdict::Well, found)
    }

    fn wrong(found: impl Into<String>) -> Self {
        Self::new(Verdict::Wrong, found)
    }

    fn doubtful(found: impl Into<String>) -> Self {
        Self::new(Verdict::Doubtful, found)
    }

    fn unknown(found: impl Into<String>) -> Self {
        Self::new(Verdict::Unknown, found)
    }

    /// Advises something.
    fn advise(mut self, text: impl Into<String>) -> Self {
        self.advice.push(Advice { text: text.into(), lines: Vec::new() });
        self
    }

    /// Advises something, with lines to copy.
    fn advise_lines(mut self, text: impl Into<String>, lines: Vec<Lines>) -> Self {
        self.advice.push(Advice { text: text.into(), lines });
        self
    }

    /// Advises to look at a proxy, with what each kind of them has to say.
    fn advise_proxy(self, text: impl Into<String>) -> Self {
        let lines = PROXY_LINES.iter().map(|(of, text)| Lines { of, text: (*text).to_owned() });
        self.advise_lines(text, lines.collect())
    }
}

/// The hub's command line with further flags.
fn hub(flags: &str) -> Vec<Lines> {
    vec![Lines { of: "hub", text: format!("switchboard serve {flags}") }]
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What an answer other than the expected one says, whatever was asked for. `path` is what was asked for.
fn judge_refusal(answer: &Answer, path: &str, here: &Surroundings) -> Finding {
    let words = answer.words().map(|words| format!(" It says: {words}")).unwrap_or_default();
    match answer.status {
        200..=299 if answer.is_html() => Finding::wrong(format!(
            "{path} answers with an HTML page instead of the hub's own words: something else than the hub is at that address."
        ))
        .advise_proxy(
            "Whatever serves the page has to pass /api on to the hub, before any rule that answers unknown paths with index.html.",
        ),
        200..=299 => Finding::wrong(format!(
            "{path} answers {}, but not what the protocol says: {}",
            answer.status,
            excerpt(&answer.body)
        ))
        .advise("Check in config.json that “apiUrl” is the hub's address."),
        401 => Finding::wrong(format!("The hub does not accept the dashboard's key (401).{words}")).advise_lines(
            "Give the dashboard a key that the hub knows: “token” in config.json, or",
            hub("--dashboard-token THE-KEY"),
        ),
        403 => Finding::wrong(format!("The hub refuses this page (403).{words}")).advise_lines(
            "Where the page's address is one that may use the hub, name it. Otherwise the key does not admit to the organization.",
            hub(&format!("--allow-origin {}", here.page)),
        ),
        404 => Finding::wrong(format!("Nothing is at {path} (404).{words}")).advise_proxy(
            "The address is another server's, or a proxy does not pass /api on to the hub.",
        ),
        502..=504 => Finding::wrong(format!(
            "A proxy answers, and nothing behind it does ({}).{words}",
            answer.status
        ))
        .advise("Look whether the hub runs: “GET /api/health” on its own machine, at its own port.")
        .advise_proxy("If it runs, the proxy asks at another address than the hub's."),
        status => Finding::wrong(format!("{path} answers {status}.{words}"))
            .advise("The hub's log says why; SWITCHBOARD_LOG=debug says more."),
    }
}

/// What it means that nothing came.
fn judge_silence(fetched: &Fetched, here: &Surroundings) -> Option<Finding> {
    let address = || if here.api.is_empty() { &here.page } else { &here.api };
    match fetched {
        Fetched::Answered(_) => None,
        Fetched::Hidden => Some(
            Finding::wrong(format!(
                "A server answers at {}, but the browser does not let this page read it: it does not allow the origin {}.",
                address(),
                here.page
            ))
            .advise_lines("Name the page's origin to the hub.", hub(&format!("--allow-origin {}", here.page))),
        ),
        Fetched::Nothing { reason } => Some(
            Finding::wrong(format!("No answer from {}: {}.", address(), excerpt(reason.trim_end_matches('.'))))
                .advise_lines(
                    "The hub does not run, or not there. Start it, and check its address in config.json.",
                    hub(""),
                ),
        ),
        Fetched::TimedOut { after_ms } => Some(
            Finding::wrong(format!("No answer from {} within {after_ms} ms.", address()))
                .advise("Something on the way takes the request and does not pass it on: a firewall, or a proxy whose hub hangs."),
        ),
    }
}
