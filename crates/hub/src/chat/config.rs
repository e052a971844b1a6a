//! What chat is started with.

use std::time::Duration;

use super::model::Secret;

/// How long the hub's own workers have for one task, unless configured otherwise.
pub const DEFAULT_TASK_TIMEOUT: Duration = Duration::from_mins(2);

/// How many tasks of the model lane are answered at the same time, unless configured otherwise.
pub const DEFAULT_MODEL_CONCURRENCY: usize = 4;

/// What chat is started with. `Default` answers from the hub's own data only.
#[derive(Debug, Clone)]
pub struct ChatConfig {
    /// Lanes besides the hub's own that messages may be posted to, for workers outside the hub.
    pub worker_lanes: Vec<String>,
    /// How long the hub's own workers have for one task.
    pub task_timeout: Duration,
    /// The model that answers; `None` is no model lane.
    pub model: Option<ModelConfig>,
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self { worker_lanes: Vec::new(), task_timeout: DEFAULT_TASK_TIMEOUT, model: None }
    }
}

/// A model behind an OpenAI-compatible server.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// What `/chat/completions` is appended to, for example `http://127.0.0.1:11434/v1`.
    pub url: String,
    /// What the server asks for as `Authorization: Bearer …`.
    pub key: Option<Secret>,
    /// The model's name, as the server knows it.
    pub model: String,
    /// What it costs; without it no cost is shown.
    pub prices: Option<Prices>,
    /// Instructions that stand before each conversation.
    pub system: Option<String>,
    /// How many tasks are answered at the same time.
    pub concurrency: usize,
    /// How long the server may be silent inside an answer.
    pub idle_timeout: Duration,
    /// The first wait before a failed request is sent again. Each further one is twice as long.
    pub retry_delay: Duration,
}

impl ModelConfig {
    /// That model behind that server, and all else as it is unless configured.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key: None,
            model: model.into(),
            prices: None,
            system: None,
            concurrency: DEFAULT_MODEL_CONCURRENCY,
            idle_timeout: Duration::from_mins(1),
            retry_delay: Duration::from_millis(500),
        }
    }
}

/// Prices in US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Of what the model reads.
    pub input: f64,
    /// Of what it writes.
    pub output: f64,
}

impl Prices {
    /// What so many tokens cost, in US dollars.
    pub fn cost(self, input_tokens: u64, output_tokens: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
        let (input, output) = (input_tokens as f64, output_tokens as f64);
        (self.input * input + self.output * output) / 1e6
    }
}
