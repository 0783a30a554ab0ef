//! Stand-ins for language models: OpenAI's Responses and Anthropic's Messages.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use local::doors::{Door, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Here;

/// The interfaces, in the order in which they are asked.
pub const OPENAI: &str = "openai";
/// The second one.
pub const ANTHROPIC: &str = "anthropic";
/// The key that both take.
pub const MODEL_KEY: &str = "sk-of-the-deployment";

/// What a model does with a prompt.
#[derive(Clone, Debug)]
pub enum ModelReply {
    /// Answers this JSON.
    Answer(Value),
    /// Answers this text in the place of JSON.
    Text(String),
    /// Fails with a status and the provider's word.
    Fails(u16, &'static str),
    /// Answers what is no JSON at all, so that nothing says what it cost.
    NoJson,
    /// Declines.
    Declines,
}

/// Models that answer what a test says, in turn, and keep what they were asked. One that was told nothing is down.
#[derive(Clone, Default)]
pub struct ModelStubs(Arc<Mutex<Stubs>>);

#[derive(Default)]
struct Stubs {
    replies: HashMap<&'static str, VecDeque<ModelReply>>,
    prompts: Vec<(String, Value)>,
}

impl ModelStubs {
    /// Serves them, and answers where: each at `/{kind}/v1`.
    pub async fn stand() -> Result<(String, Self)> {
        let stubs = Self::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router =
            Router::new().route("/{kind}/v1/{path}", post(answer)).with_state(stubs.clone());
        tokio::spawn(serve(listener, Door::Own, router));
        Ok((url, stubs))
    }

    /// Lets a model answer once more.
    pub fn reply(&self, kind: &'static str, reply: ModelReply) {
        self.state().replies.entry(kind).or_default().push_back(reply);
    }

    /// Which models were asked, in order, and what; it is forgotten then.
    pub fn take_prompts(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state().prompts)
    }

    fn state(&self) -> MutexGuard<'_, Stubs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Here {
    /// Puts two models into the secret, with what a workspace may use up in a month, in US dollars. A token costs a dollar for
    /// a million of a prompt, and ten for a million of an answer.
    pub async fn models(&self, monthly_cap: &str) -> Result<ModelStubs> {
        let (url, stubs) = ModelStubs::stand().await?;
        let model = |kind: &str| {
            json!({
                "kind": kind, "baseUrl": format!("{url}/{kind}/v1"), "apiKey": MODEL_KEY, "model": format!("{kind}-model"),
                "inputPrice": "1", "outputPrice": "10",
            })
        };
        let value =
            json!({ "monthlyCap": monthly_cap, "models": [model(OPENAI), model(ANTHROPIC)] });
        let name = self.cloud.model.secrets.iter().find(|name| name.ends_with("models-secret"));
        let name = name.context("there is a secret of models")?;
        self.cloud.aws.put_secret(name, &value.to_string()).await?;
        Ok(stubs)
    }
}

async fn answer(
    State(stubs): State<ModelStubs>,
    Path((kind, path)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some((status, word)) = wrong(&kind, &path, &headers, &body) {
        return failed(status, word);
    }
    let mut state = stubs.state();
    let reply = state.replies.get_mut(kind.as_str()).and_then(VecDeque::pop_front);
    state.prompts.push((kind.clone(), body));
    let reply = match reply {
        None => return failed(503, "overloaded_error"),
        Some(ModelReply::Fails(status, word)) => return failed(status, word),
        Some(ModelReply::NoJson) => return "a proxy says hello".into_response(),
        Some(reply) => reply,
    };
    Json(if kind == OPENAI { openai(reply) } else { anthropic(reply) }).into_response()
}

/// What the provider would refuse a request for.
fn wrong(kind: &str, path: &str, headers: &HeaderMap, body: &Value) -> Option<(u16, &'static str)> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let (key, said) = match (kind, path) {
        (OPENAI, "responses") => (bearer, &body["input"]),
        // The documentation names the one, and the newest client sends the other.
        (ANTHROPIC, "messages") => (header("x-api-key").or(bearer), &body["messages"]),
        _ => return Some((404, "not_found_error")),
    };
    if key != Some(MODEL_KEY) {
        return Some((401, "authentication_error"));
    }
    let turns = said.as_array().filter(|turns| !turns.is_empty());
    let in_turn = turns.is_some_and(|turns| {
        turns.iter().enumerate().all(|(at, turn)| {
            let role = if at % 2 == 0 { "user" } else { "assistant" };
            turn["role"] == role && turn["content"].as_str().is_some_and(|text| !text.is_empty())
        })
    });
    let formed = match kind {
        OPENAI => {
            let format = &body["text"]["format"];
            format["type"] == "json_schema"
                && format["schema"]["type"] == "object"
                && format["name"].is_string()
                && body["store"] == false
                && body["max_output_tokens"].is_u64()
        }
        _ => {
            header("anthropic-version") == Some("2026-10-21")
                && body["max_tokens"].is_u64()
                && body["tools"][0]["input_schema"]["type"] == "object"
                && body["tool_choice"]["type"] == "auto"
                && body.get("temperature").is_none()
        }
    };
    let good = in_turn && formed && body["model"] == format!("{kind}-model");
    (!good).then_some((400, "invalid_request_error"))
}

fn failed(status: u16, word: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({ "error": { "type": word, "code": word, "message": "no" } });
    (status, Json(error)).into_response()
}

fn openai(reply: ModelReply) -> Value {
    let content = match reply {
        ModelReply::Answer(answer) => {
            json!({ "type": "output_text", "text": answer.to_string(), "annotations": [] })
        }
        ModelReply::Text(text) => json!({ "type": "output_text", "text": text, "annotations": [] }),
        _ => json!({ "type": "refusal", "refusal": "No." }),
    };
    json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "openai-model",
        "output": [
            { "type": "reasoning", "id": "rs_1", "summary": [] },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [content] },
        ],
        "usage": {
            "input_tokens": 1_000, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 50,
            "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 1_050,
        },
    })
}

fn anthropic(reply: ModelReply) -> Value {
    let (content, stop) = match reply {
        ModelReply::Answer(answer) => (
            json!([{ "type": "tool_use", "id": "toolu_1", "name": "answer", "input": answer }]),
            "tool_use",
        ),
        ModelReply::Text(text) => (json!([{ "type": "text", "text": text }]), "end_turn"),
        _ => (json!([]), "refusal"),
    };
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "anthropic-model", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": { "input_tokens": 1_000, "output_tokens": 50 },
    })
}
