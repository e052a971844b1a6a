//! `robots.txt`: the rules of RFC 9309, and the two extensions that everybody uses, `Crawl-delay` and `Sitemap`.
//!
//! The crates that read it have had no release for years, and this decides what the crawler may do; so it is here, in little
//! code. The tests are the RFC's own examples, and the odd files that sites have.

mod pattern;

use std::time::Duration;

use url::Url;

use pattern::Pattern;

/// The bytes of a `robots.txt` that are read: the least that the RFC asks of a crawler.
pub(crate) const ROBOTS_LIMIT: u64 = 500 * 1024;
/// The longest delay that is kept. A site that asks for more wants no visits at all, and `Disallow` says that
/// better.
const LONGEST_DELAY: Duration = Duration::from_mins(1);
/// The most sitemaps that are looked at.
const MOST_SITEMAPS: usize = 100;

/// What a `robots.txt` says to one crawler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Robots {
    /// Longest pattern first, and of the same length what allows first, so that the first that matches decides.
    rules: Vec<Rule>,
    delay: Option<Duration>,
    /// The sitemaps, as they are written.
    pub(crate) sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    allows: bool,
}

/// What the groups for one name say, all of them together.
#[derive(Debug, Default)]
struct Group {
    exists: bool,
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

/// Whom the lines that follow are for.
#[derive(Debug, Default, Clone, Copy)]
struct Audience {
    us: bool,
    all: bool,
    /// A rule has come, so that a further `User-agent` begins another group.
    ruled: bool,
}

impl Robots {
    /// Reads what the text says to the crawler with this name. Whatever the text is, it can be read: lines that
    /// make no sense say nothing.
    pub(crate) fn parse(text: &str, agent: &str) -> Self {
        let (mut ours, mut everybodys) = (Group::default(), Group::default());
        let mut audience = Audience::default();
        let mut sitemaps = Vec::new();
        for line in text.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if audience.ruled {
                    audience = Audience::default();
                }
                audience.us |= product(value).eq_ignore_ascii_case(agent);
                audience.all |= value.starts_with('*');
                ours.exists |= audience.us;
                continue;
            }
            if key == "sitemap" {
                if sitemaps.len() < MOST_SITEMAPS && !value.is_empty() {
                    sitemaps.push(value.to_owned());
                }
                continue;
            }
            if !matches!(key.as_str(), "allow" | "disallow" | "crawl-delay") {
                continue;
            }
            audience.ruled = true;
            for (is_for, group) in [(audience.us, &mut ours), (audience.all, &mut everybodys)] {
                if is_for {
                    group.take(&key, value);
                }
            }
        }
        let group = if ours.exists { ours } else { everybodys };
        let mut rules = group.rules;
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.len()), !rule.allows));
        Self { rules, delay: group.delay, sitemaps }
    }

    /// Whether the crawler may fetch the address.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        let path = pattern::path(url);
        self.rules.iter().find(|rule| rule.pattern.matches(&path)).is_none_or(|rule| rule.allows)
    }

    /// How long the site asks to leave between two requests.
    pub(crate) fn delay(&self) -> Option<Duration> {
        self.delay
    }
}

impl Group {
    fn take(&mut self, key: &str, value: &str) {
        if key == "crawl-delay" {
            let asked = value.parse::<f64>().ok().filter(|seconds| !seconds.is_nan()).and_then(|seconds| {
                let seconds = seconds.min(LONGEST_DELAY.as_secs_f64());
                Duration::try_from_secs_f64(seconds).ok()
            });
            self.delay = self.delay.max(asked);
        } else if !value.is_empty() {
            self.rules.push(Rule { pattern: Pattern::new(value), allows: key == "allow" });
        }
    }
}

/// The name in a user agent: what stands before a version or anything else that no name holds.
pub(crate) fn product(user_agent: &str) -> &str {
    let is_name = |character: char| character.is_ascii_alphabetic() || matches!(character, '-' | '_');
    let end = user_agent.find(|character| !is_name(character)).unwrap_or(user_agent.len());
    user_agent.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
