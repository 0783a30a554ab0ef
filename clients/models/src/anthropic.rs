//! Anthropic's Messages: the answer is the input of a tool.

use serde_json::{Value, json};

use crate::{Completion, ModelError, Prompt, Tokens};

/// The version of the interface. It takes no `temperature`, which is not sent either.
pub(crate) const VERSION: &str = "2026-10-21";

pub(crate) fn body(model: &str, prompt: &Prompt<'_>) -> Value {
    let Prompt { instructions, name, .. } = prompt;
    json!({
        "model": model,
        "max_tokens": prompt.most_tokens,
        "system": format!("{instructions}\n\nAnswer by calling the tool `{name}` once, and write nothing else."),
        "messages": prompt.turns(),
        "tools": [{ "name": name, "description": "Takes the answer.", "input_schema": prompt.schema }],
        // Models that always think refuse to be forced to use a tool.
        "tool_choice": { "type": "auto" },
    })
}

/// The input of the tool, or the JSON of a text, and what was used.
pub(crate) fn read(body: &Value) -> Completion {
    let count = |name: &str| body["usage"][name].as_u64();
    // What is read from a cache, or put there, is counted apart.
    let cached = ["cache_read_input_tokens", "cache_creation_input_tokens"].map(count);
    let cached = cached.into_iter().flatten().fold(0, u64::saturating_add);
    let tokens = count("input_tokens").zip(count("output_tokens"));
    let tokens =
        tokens.map(|(input, output)| Tokens { input: input.saturating_add(cached), output });
    let answer = match body["stop_reason"].as_str() {
        Some("refusal") => Err(ModelError::Declined),
        Some("max_tokens" | "model_context_window_exceeded") => Err(ModelError::Incomplete),
        _ => answer(body).ok_or(ModelError::Unreadable),
    };
    Completion { answer, tokens }
}

fn answer(body: &Value) -> Option<Value> {
    let blocks = || body["content"].as_array().into_iter().flatten();
    let used = blocks().find(|block| block["type"] == "tool_use");
    used.map(|block| block["input"].clone()).or_else(|| {
        let text = blocks().find(|block| block["type"] == "text")?;
        serde_json::from_str(text["text"].as_str()?).ok()
    })
}
