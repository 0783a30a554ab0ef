//! Language models, as far as KiteMate asks them: one prompt, one JSON answer of a given schema.
//!
//! Two interfaces: OpenAI's Responses, which many local servers speak too, and Anthropic's Messages. Nothing is streamed and
//! OpenAI is asked to keep nothing (`store: false`). Fields that are not known are ignored. Sources: OpenAI's OpenAPI
//! document ("CreateResponse", "Response"), Anthropic's API reference ("Messages").
#![warn(missing_docs)]

mod anthropic;
mod error;
mod openai;

use std::time::Duration;

use http::Method;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{App, Problem, Secret};
use vendor::{Answer, Breaker, Call, Http, HttpError, Vendor};

pub use error::ModelError;

/// After five failures within half a minute a model is not asked until the half minute is over.
const BREAKER: Breaker = Breaker { name: "model", most: 5, window_s: 30 };

/// A model that may be asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Model {
    /// How it is spoken to.
    pub kind: Kind,
    /// Where its interface is, up to the version: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key; a local server may have none.
    #[serde(default = "no_key")]
    pub api_key: Secret,
    /// Its name at the provider.
    pub model: String,
    /// US dollars for a million tokens of the prompt.
    pub input_price: Decimal,
    /// US dollars for a million tokens of the answer.
    pub output_price: Decimal,
}

fn no_key() -> Secret {
    Secret::new("")
}

/// An interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OpenAI's Responses.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
}

impl Kind {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// Who it is and what it may do.
    pub instructions: &'a str,
    /// The conversation: the user's message, the model's answer, and so on in turns.
    pub messages: &'a [String],
    /// The JSON Schema of the answer. Models try to keep to it; who asks checks.
    pub schema: &'a Value,
    /// What the answer is called.
    pub name: &'static str,
    /// Tokens of the answer, at most.
    pub most_tokens: u32,
}

/// What was used of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer, with what was thought.
    pub output: u64,
}

impl Tokens {
    /// These, and of each kind not more than the others: a provider that counts more than can be is not believed.
    pub fn at_most(self, most: Self) -> Self {
        Self { input: self.input.min(most.input), output: self.output.min(most.output) }
    }
}

impl Prompt<'_> {
    /// The messages with who said them, as both interfaces have them.
    fn turns(&self) -> Vec<Value> {
        let turn = |(at, text): (usize, &String)| json!({ "role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text });
        self.messages.iter().enumerate().map(turn).collect()
    }
}

/// What came of a prompt.
#[derive(Debug)]
pub struct Completion {
    /// The JSON.
    pub answer: Result<Value, ModelError>,
    /// What is paid for; `None` where that is not known: the prompt was sent, and nothing says what became of it.
    pub tokens: Option<Tokens>,
}

impl Completion {
    /// A prompt that was not answered. One that was not sent, or that the provider itself refused, costs nothing.
    fn failed(error: ModelError) -> Self {
        let free = matches!(
            error,
            ModelError::Down
                | ModelError::Refused { .. }
                | ModelError::Busy { .. }
                | ModelError::NoAnswer(HttpError::Request(_) | HttpError::Unreachable(_))
        );
        Self { answer: Err(error), tokens: free.then(Tokens::default) }
    }
}

impl Model {
    /// Whether its prices are not below zero, and none is a slip.
    pub fn has_sound_prices(&self) -> bool {
        let sound = |price: Decimal| (Decimal::ZERO..=Decimal::from(100_000)).contains(&price);
        sound(self.input_price) && sound(self.output_price)
    }

    /// What tokens cost, in millionths of a US dollar, rounded up.
    pub fn micros(&self, tokens: Tokens) -> i64 {
        // A dollar for a million tokens is a millionth for each.
        let cost = self.input_price * Decimal::from(tokens.input)
            + self.output_price * Decimal::from(tokens.output);
        cost.ceil().to_i64().unwrap_or(i64::MAX)
    }

    /// What a prompt can use at most: a token is at least one byte.
    pub fn most_tokens(&self, prompt: &Prompt<'_>) -> Tokens {
        let input = u64::try_from(self.body(prompt).len()).unwrap_or(u64::MAX);
        Tokens { input, output: u64::from(prompt.most_tokens) }
    }

    /// Sends a prompt once, and waits for the answer so long.
    pub async fn ask(
        &self,
        app: &App,
        prompt: &Prompt<'_>,
        timeout: Duration,
    ) -> Result<Completion, Problem> {
        let http = Http::of(app)?;
        let subject = format!("{}/{}", self.kind.name(), self.model);
        if BREAKER.open_for(app, &subject).await?.is_some() {
            return Ok(Completion::failed(ModelError::Down));
        }
        let completion = self.send(&http, prompt, timeout).await;
        if completion.answer.as_ref().is_err_and(ModelError::opens_breaker) {
            BREAKER.failed(app, &subject).await;
        }
        Ok(completion)
    }

    async fn send(&self, http: &Http, prompt: &Prompt<'_>, timeout: Duration) -> Completion {
        let base = self.base_url.trim_end_matches('/');
        let key = self.api_key.expose();
        let (operation, path, mut headers) = match self.kind {
            Kind::OpenAi => {
                ("POST /responses", "/responses", vec![("authorization", format!("Bearer {key}"))])
            }
            Kind::Anthropic => (
                "POST /messages",
                "/messages",
                vec![("x-api-key", key.into()), ("anthropic-version", anthropic::VERSION.into())],
            ),
        };
        headers.push(("content-type", "application/json".into()));
        let call = Call {
            operation,
            method: Method::POST,
            url: format!("{base}{path}"),
            headers,
            body: self.body(prompt).into(),
        };
        let vendor = Vendor { name: self.kind.name(), timeout };
        let answer = match http.once(vendor, &call).await {
            Ok(answer) => answer,
            Err(err) => return Completion::failed(ModelError::NoAnswer(err)),
        };
        self.read(&answer)
    }

    fn body(&self, prompt: &Prompt<'_>) -> String {
        let body = match self.kind {
            Kind::OpenAi => openai::body(&self.model, prompt),
            Kind::Anthropic => anthropic::body(&self.model, prompt),
        };
        body.to_string()
    }

    fn read(&self, answer: &Answer) -> Completion {
        if !answer.status.is_success() {
            return Completion::failed(error::read(answer));
        }
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return Completion::failed(ModelError::Unreadable);
        };
        match self.kind {
            Kind::OpenAi => openai::read(&body),
            Kind::Anthropic => anthropic::read(&body),
        }
    }
}
