//! The model lane: asks an OpenAI-compatible server, and brings its answer bit by bit.
//!
//! * `server` sends a request and sorts what can go wrong with it; `retry` says what is sent again and when.
//! * `history` chooses what the model reads, `request` and `chunk` are the bodies, `answer` reads the stream.
//! * `secret` keeps the server's key out of everything that comes back.
//!
//! The request is written here and not by a client library for such servers: what they log and how they sum up an error
//! is theirs to decide, and here `Retry-After` must be seen, bodies must be bounded, and a key that a server
//! repeats must be in no log.

mod answer;
mod chunk;
mod error;
mod history;
mod request;
mod retry;
mod secret;
mod server;

use switchboard_protocol::rest::{ClaimedTask, Reply};
use tokio::time::{Instant, sleep};

pub use error::ModelError;
pub use secret::Secret;

use super::{
    MODEL,
    config::{ModelConfig, Prices},
    deltas::Deltas,
};
use answer::Answer;
use retry::Tries;
use server::Server;

/// A model behind an OpenAI-compatible server.
#[derive(Debug)]
pub struct Model {
    server: Server,
    system: Option<String>,
    prices: Option<Prices>,
    retry_delay: std::time::Duration,
}

impl Model {
    /// A model by its configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the configuration, in words for the person who starts the hub.
    pub fn new(config: &ModelConfig) -> Result<Self, String> {
        Ok(Self {
            server: Server::new(config)?,
            system: config.system.clone(),
            prices: config.prices,
            retry_delay: config.retry_delay,
        })
    }

    /// Answers a task, and shows what comes of the answer as it comes.
    ///
    /// A request that fails for the moment is sent again, as long as nothing of an answer was shown and there is time before
    /// `deadline`.
    ///
    /// # Errors
    /// [`ModelError`], in words for whoever asked.
    pub async fn answer(
        &self,
        task: &ClaimedTask,
        deltas: &mut Deltas,
        deadline: Instant,
    ) -> Result<Reply, ModelError> {
        let turns = history::turns(self.system.as_deref(), task);
        let mut tries = Tries::new(self.retry_delay, deadline);
        loop {
            let failure = match self.server.ask(&turns, deltas).await {
                Ok(answer) => return Ok(self.reply(answer)),
                Err(failure) => failure,
            };
            match tries.next(&failure) {
                Some(wait) => {
                    tracing::debug!(task = %task.task_id, reason = %failure.reason, ?wait, "asking the model again");
                    sleep(wait).await;
                }
                None => return Err(tries.last_word(failure)),
            }
        }
    }

    fn reply(&self, answer: Answer) -> Reply {
        let cost = |prices: Prices| {
            answer.usage.map(|usage| prices.cost(usage.prompt_tokens, usage.completion_tokens))
        };
        Reply {
            content: answer.text,
            lane: Some(MODEL.to_owned()),
            model: Some(answer.model),
            cost_usd: self.prices.and_then(cost),
            note: answer.note,
            ..Reply::default()
        }
    }
}
