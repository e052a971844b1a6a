//! Who may answer a message.

use tokio::sync::Notify;

use super::{config::ChatConfig, model::Model};

/// The lane that answers from the hub's own data.
pub const LOCAL: &str = "local";

/// The lane that asks the model.
pub const MODEL: &str = "model";

/// How many questions to its own data the hub answers at the same time.
const LOCAL_CONCURRENCY: usize = 4;

/// The longest name of a lane, in bytes.
const LONGEST_LANE: usize = 64;

/// The most lanes that may be named for workers outside.
const MOST_LANES: usize = 100;

/// The lanes that messages may be posted to.
pub struct Lanes {
    own: Vec<OwnLane>,
    /// Those that workers outside the hub answer.
    others: Vec<String>,
}

/// A lane whose tasks this hub's own workers take.
pub struct OwnLane {
    /// Its name.
    pub name: &'static str,
    /// Who answers.
    pub answerer: Answerer,
    /// How many tasks are answered at the same time.
    pub concurrency: usize,
    /// Notified when a task may wait.
    pub wake: Notify,
}

/// Who answers.
pub enum Answerer {
    /// The hub, from its own data.
    Local,
    /// A model.
    Model(Box<Model>),
}

impl Lanes {
    /// The lanes of a configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration, in words for the person who starts the hub.
    pub fn new(config: &ChatConfig) -> Result<Self, String> {
        let lane = |name, answerer, concurrency| OwnLane { name, answerer, concurrency, wake: Notify::new() };
        let mut own = vec![lane(LOCAL, Answerer::Local, LOCAL_CONCURRENCY)];
        if let Some(model) = &config.model {
            own.push(lane(MODEL, Answerer::Model(Box::new(Model::new(model)?)), model.concurrency.max(1)));
        }
        if config.worker_lanes.len() > MOST_LANES {
            return Err(format!("--worker-lanes takes at most {MOST_LANES} lanes"));
        }
        let mut others: Vec<String> = Vec::new();
        for name in &config.worker_lanes {
            if !is_name(name) {
                return Err(format!(
                    "`{}` is no name for a lane; --worker-lanes takes names of 1 to {LONGEST_LANE} letters, digits, `-`, `_` and `.`, \
                     separated by commas",
                    name.escape_debug()
                ));
            }
            if !others.contains(name) && own.iter().all(|lane| lane.name != name) {
                others.push(name.clone());
            }
        }
        Ok(Self { own, others })
    }

    /// Those whose tasks this hub's own workers take.
    pub fn own(&self) -> &[OwnLane] {
        &self.own
    }

    /// All names, for a person.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(|lane| lane.name).chain(self.others.iter().map(String::as_str))
    }

    /// Who answers a message: the hub where it is a command, else whom it names, else the model where there is one.
    ///
    /// # Errors
    /// The lane that it names does not exist.
    pub fn choose(&self, named: Option<&str>, content: &str) -> Result<&str, UnknownLane> {
        let named = match named {
            Some(name) => Some(self.names().find(|known| *known == name).ok_or(UnknownLane)?),
            None => None,
        };
        if content.trim_start().starts_with('/') {
            return Ok(LOCAL);
        }
        Ok(named.or_else(|| self.names().find(|known| *known == MODEL)).unwrap_or(LOCAL))
    }

    /// Lets the workers of a lane look for a task.
    pub fn wake(&self, name: &str) {
        if let Some(lane) = self.own.iter().find(|lane| lane.name == name) {
            lane.wake.notify_one();
        }
    }

    /// Lets all workers look for a task.
    pub fn wake_all(&self) {
        for lane in &self.own {
            lane.wake.notify_one();
        }
    }
}

/// There is no lane of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownLane;

fn is_name(name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    (1..=LONGEST_LANE).contains(&name.len()) && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ModelConfig;

    fn lanes(model: bool, others: &[&str]) -> Lanes {
        let config = ChatConfig {
            worker_lanes: others.iter().map(|name| (*name).to_owned()).collect(),
            model: model.then(|| ModelConfig::new("http://127.0.0.1:1/v1", "m")),
            ..ChatConfig::default()
        };
        Lanes::new(&config).unwrap()
    }

    #[test]
    fn a_message_goes_to_whom_it_names_else_to_the_model_else_to_the_hub() {
        let (plain, with_model) = (lanes(false, &["gpu"]), lanes(true, &["gpu"]));
        assert_eq!(plain.choose(None, "Hello"), Ok(LOCAL));
        assert_eq!(plain.choose(Some("gpu"), "Hello"), Ok("gpu"));
        assert_eq!(plain.choose(Some(MODEL), "Hello"), Err(UnknownLane));
        assert_eq!(with_model.choose(None, "Hello"), Ok(MODEL));
        assert_eq!(with_model.choose(Some(LOCAL), "Hello"), Ok(LOCAL));
        assert_eq!(with_model.choose(Some(MODEL), " /help"), Ok(LOCAL), "commands are the hub's");
        assert_eq!(lanes(false, &[MODEL]).choose(None, "Hello"), Ok(MODEL), "answered by a worker outside");
    }

    #[test]
    fn names_that_nobody_could_type_are_refused() {
        for name in ["", "a b", "a\nb", &"x".repeat(65)] {
            let config = ChatConfig { worker_lanes: vec![name.to_owned()], ..ChatConfig::default() };
            assert!(Lanes::new(&config).is_err(), "{name:?}");
        }
        assert_eq!(lanes(false, &["gpu", "gpu", LOCAL]).names().collect::<Vec<_>>(), [LOCAL, "gpu"]);
    }
}
