//! How one thing is: an agent, a scrape run or an execution.

mod agents;
mod executions;
mod scrapes;

use switchboard_store::StoreError;

use self::{agents::Agent, scrapes::Scrape};
use super::{Asked, list, paragraphs};
use crate::chat::assistant::{
    intent::{Kind, MOST_ROWS},
    markdown::{TITLE_CHARACTERS, code},
};

/// How many names are offered where the one that was asked for is not known.
const MOST_NAMES: usize = 5;

/// The longest name that is looked for, in characters.
const LONGEST_NAME: usize = 256;

/// How the agent, the scrape run or the execution of that name is. A name may be that of several.
pub async fn status(asked: Asked<'_>, kind: Option<Kind>, name: &str) -> Result<String, StoreError> {
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let heard = Heard::read(&asked).await?;
    if name.is_empty() {
        return Ok(heard.overview(&asked, kind));
    }
    let is_named = |other: &str| other.to_lowercase() == name.to_lowercase();
    let mut parts = Vec::new();
    if matches!(kind, None | Some(Kind::Agent)) {
        parts.extend(
            heard.agents.iter().find(|agent| is_named(agent.name())).map(|agent| agent.describe(&asked)),
        );
    }
    if matches!(kind, None | Some(Kind::Scrape)) {
        parts.extend(scrapes::named(&asked, &name).await?.map(|run| run.describe(&asked)));
    }
    let is_known = !parts.is_empty();
    if kind != Some(Kind::Scrape) {
        parts.extend(executions::describe(&asked, &name, is_known).await?);
    }
    if parts.is_empty() {
        return Ok(heard.nothing(kind, &name));
    }
    parts.push("Times are in UTC.".to_owned());
    Ok(paragraphs(parts))
}

/// The agents, the one that was heard of last first, and the newest scrape runs.
struct Heard {
    agents: Vec<Agent>,
    scrapes: Vec<Scrape>,
}

impl Heard {
    async fn read(asked: &Asked<'_>) -> Result<Self, StoreError> {
        Ok(Self { agents: agents::all(asked).await?, scrapes: scrapes::latest(asked).await? })
    }

    /// For who has not said which thing: those that there are.
    fn overview(&self, asked: &Asked<'_>, kind: Option<Kind>) -> String {
        let ask = "Say what to look at: an agent, a scrape run, or an execution by its identifier or title. \
                   For example `/status crawler-7`.";
        let agents = self.agents.iter().filter(|_| kind != Some(Kind::Scrape)).map(|agent| agent.row(asked));
        let scrapes = self.scrapes.iter().filter(|_| kind != Some(Kind::Agent)).map(|run| run.row(asked));
        let mut rows: Vec<String> = agents.chain(scrapes).collect();
        if rows.is_empty() {
            let none = match kind {
                Some(Kind::Agent) => "There is no agent.".to_owned(),
                Some(Kind::Scrape) => "There is no scrape run.".to_owned(),
                _ => "There is no agent and no scrape run.".to_owned(),
            };
            return paragraphs([none, ask.to_owned()]);
        }
        let more = super::and_more(rows.len(), MOST_ROWS);
        rows.truncate(MOST_ROWS);
        let lead = match kind {
            Some(Kind::Agent) => {
                "These are the agents, the one that was heard of last first (times in UTC):".to_owned()
            }
            Some(Kind::Scrape) => "These are the newest scrape runs (times in UTC):".to_owned(),
            _ => "These are the agents and the newest scrape runs (times in UTC):".to_owned(),
        };
        paragraphs([lead, list(rows), more, ask.to_owned()])
    }

    /// For a name that nothing has: where it was looked for, and the names that come nearest.
    fn nothing(&self, kind: Option<Kind>, name: &str) -> String {
        let what = match kind {
            None => "Nothing",
            Some(Kind::Agent) => "No agent",
            Some(Kind::Scrape) => "No scrape run",
            Some(Kind::Execution) => "No execution",
        };
        let lead = format!("{what} is known by the name {}.", code(name, TITLE_CHARACTERS));
        let in_agents = matches!(kind, None | Some(Kind::Agent)).then_some(" No agent is named so.");
        let in_runs = matches!(kind, None | Some(Kind::Scrape))
            .then_some(" No scrape run has it as its name or title.");
        let in_list = (kind != Some(Kind::Scrape))
            .then_some(" No execution has it in title, agent, department or identifier.");
        let lead =
            lead + in_agents.unwrap_or_default() + in_runs.unwrap_or_default() + in_list.unwrap_or_default();
        let agents = self.agents.iter().map(|agent| ("agent", agent.name()));
        let scrapes = self.scrapes.iter().map(|run| ("scrape run", run.name()));
        let mut names: Vec<_> = match kind {
            Some(Kind::Agent) => agents.collect(),
            Some(Kind::Scrape) => scrapes.collect(),
            Some(Kind::Execution) => Vec::new(),
            None => agents.chain(scrapes).collect(),
        };
        // The sort is stable, so that of equals the one that was heard of last comes first.
        names.sort_by_cached_key(|(_, known)| distance(name, known));
        let names: Vec<String> = names
            .iter()
            .take(MOST_NAMES)
            .map(|(kind, name)| format!("{kind} {}", code(name, TITLE_CHARACTERS)))
            .collect();
        let known =
            if names.is_empty() { String::new() } else { format!("Known are: {}.", names.join(", ")) };
        paragraphs([lead, known])
    }
}

/// How different two names are. Only their beginnings count: the comparison takes the product of both
/// lengths.
fn distance(one: &str, other: &str) -> usize {
    let beginning = |text: &str| text.chars().take(64).collect::<String>().to_lowercase();
    strsim::damerau_levenshtein(&beginning(one), &beginning(other))
}
