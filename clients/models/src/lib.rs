//! Language models, as far as KiteMate asks them: one prompt, one JSON answer of a given schema.
//!
//! Two interfaces: OpenAI's Responses, which many local servers speak too, and Anthropic's Messages. Nothing is streamed and
//! nothing is kept by the provider (`store: false`). Fields that are not known are ignored. Sources: OpenAI's OpenAPI
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
use serde_json::Value;
use shared::{App, Problem, Secret};
use vendor::{Answer, Breaker, Call, Http, Vendor};

pub use error::ModelError;

/// Five failures in half a minute, and nobody asks the model until the next half.
const BREAKER: Breaker = Breaker { name: "model", most: 5, window_s: 30 };
/// A wait that is worth it: somebody waits for the answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
    /// What was said, the person first, then in turns.
    pub said: &'a [String],
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

/// What came of a prompt. Tokens are paid for whatever came.
#[derive(Debug)]
pub struct Completion {
    /// The JSON.
    pub answer: Result<Value, ModelError>,
    /// What was used, as the provider counts.
    pub tokens: Tokens,
}

impl Completion {
    fn failed(error: ModelError) -> Self {
        Self { answer: Err(error), tokens: Tokens::default() }
    }
}

impl Model {
    /// What tokens cost, in millionths of a US dollar, rounded up.
    pub fn micros(&self, tokens: Tokens) -> i64 {
        // A dollar for a million tokens is a millionth for each.
        let cost = self.input_price * Decimal::from(tokens.input)
            + self.output_price * Decimal::from(tokens.output);
        cost.ceil().to_i64().unwrap_or(i64::MAX)
    }

    /// What a prompt costs at most, in millionths of a US dollar: a token is at least one byte.
    pub fn most_micros(&self, prompt: &Prompt<'_>) -> i64 {
        let input = u64::try_from(self.body(prompt).len()).unwrap_or(u64::MAX);
        self.micros(Tokens { input, output: u64::from(prompt.most_tokens) })
    }

    /// Asks, and waits for the answer so long. What passes by itself is tried once more.
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
        let mut completion = self.once(&http, prompt, timeout).await;
        let pause = completion.answer.as_ref().err().and_then(ModelError::pause);
        if let Some(pause) = pause.filter(|pause| *pause <= LONGEST_PAUSE) {
            tokio::time::sleep(pause).await;
            let first = completion.tokens;
            completion = self.once(&http, prompt, timeout).await;
            completion.tokens.input += first.input;
            completion.tokens.output += first.output;
        }
        if completion.answer.as_ref().is_err_and(ModelError::is_the_providers) {
            BREAKER.failed(app, &subject).await;
        }
        Ok(completion)
    }

    async fn once(&self, http: &Http, prompt: &Prompt<'_>, timeout: Duration) -> Completion {
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
        let (answer, tokens) = match self.kind {
            Kind::OpenAi => openai::read(&body),
            Kind::Anthropic => anthropic::read(&body),
        };
        Completion { answer, tokens }
    }
}
