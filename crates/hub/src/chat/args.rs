//! The arguments of `switchboard serve` about chat.

use std::time::Duration;

use super::{
    Secret,
    config::{ChatConfig, DEFAULT_MODEL_CONCURRENCY, DEFAULT_TASK_TIMEOUT, ModelConfig, Prices},
};

/// Who answers messages. The fields' comments are the help's text.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Chat")]
pub struct ChatArgs {
    /// Address of an OpenAI-compatible server whose model answers messages, for example `http://127.0.0.1:11434/v1`;
    /// without it the hub answers from its own data
    #[arg(long, value_name = "URL", env = "SWITCHBOARD_MODEL_URL")]
    model_url: Option<String>,

    /// Key that the model's server asks for. Better given by the variable, because other users of the machine see
    /// arguments. One of less than 8 characters counts as a placeholder
    #[arg(long, value_name = "KEY", env = "SWITCHBOARD_MODEL_KEY", hide_env_values = true)]
    model_key: Option<Secret>,

    /// The model's name, as its server knows it
    #[arg(long, value_name = "NAME", env = "SWITCHBOARD_MODEL")]
    model: Option<String>,

    /// What a million tokens cost that the model reads, in US dollars; without prices no cost is shown
    #[arg(long, value_name = "USD", env = "SWITCHBOARD_MODEL_PRICE_INPUT", value_parser = price)]
    model_price_input: Option<f64>,

    /// What a million tokens cost that the model writes, in US dollars
    #[arg(long, value_name = "USD", env = "SWITCHBOARD_MODEL_PRICE_OUTPUT", value_parser = price)]
    model_price_output: Option<f64>,

    /// Instructions to the model, before each conversation
    #[arg(long, value_name = "TEXT", env = "SWITCHBOARD_MODEL_SYSTEM")]
    model_system: Option<String>,

    /// Messages that the model answers at the same time; further ones wait
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_MODEL_CONCURRENCY as u64,
        env = "SWITCHBOARD_MODEL_CONCURRENCY",
        value_parser = clap::value_parser!(u64).range(1..=256)
    )]
    model_concurrency: u64,

    /// Further lanes that messages may be posted to, answered by workers outside the hub; several are separated by
    /// commas
    #[arg(long, value_name = "NAME", env = "SWITCHBOARD_WORKER_LANES", value_delimiter = ',')]
    worker_lanes: Vec<String>,

    /// Seconds that the hub has for an answer of its own or of the model
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = DEFAULT_TASK_TIMEOUT.as_secs(),
        env = "SWITCHBOARD_TASK_TIMEOUT",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    task_timeout: u64,
}

impl ChatArgs {
    /// What the arguments say.
    ///
    /// # Errors
    /// Arguments that do not go together, in words for the person who starts the hub.
    pub fn config(self) -> anyhow::Result<ChatConfig> {
        let prices = match (self.model_price_input, self.model_price_output) {
            (Some(input), Some(output)) => Some(Prices { input, output }),
            (None, None) => None,
            _ => anyhow::bail!(
                "--model-price-input and --model-price-output belong together; give both, or none"
            ),
        };
        let model = match (unless_blank(self.model_url), unless_blank(self.model)) {
            (Some(url), Some(model)) => Some(ModelConfig {
                key: self.model_key.filter(|key| !key.reveal().is_empty()),
                prices,
                system: unless_blank(self.model_system),
                concurrency: usize::try_from(self.model_concurrency)?,
                ..ModelConfig::new(url, model)
            }),
            (None, None) => None,
            (Some(_), None) => {
                anyhow::bail!("--model-url needs --model, the model's name as its server knows it")
            }
            (None, Some(_)) => {
                anyhow::bail!(
                    "--model needs --model-url, the address of its server, such as http://127.0.0.1:11434/v1"
                )
            }
        };
        Ok(ChatConfig {
            worker_lanes: self
                .worker_lanes
                .into_iter()
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect(),
            task_timeout: Duration::from_secs(self.task_timeout),
            model,
        })
    }
}

/// An empty value is what a line `NAME=` in an environment file gives.
pub fn unless_blank(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// A price in US dollars.
fn price(text: &str) -> Result<f64, String> {
    let price = text.trim().parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "give a price in US dollars for a million tokens, such as 0.15".into())
}
