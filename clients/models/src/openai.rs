//! OpenAI's Responses.

use serde_json::{Value, json};

use crate::{Completion, ModelError, Prompt, Tokens};

pub(crate) fn body(model: &str, prompt: &Prompt<'_>) -> Value {
    json!({
        "model": model,
        "instructions": prompt.instructions,
        "input": prompt.turns(),
        "max_output_tokens": prompt.most_tokens,
        // The provider keeps nothing.
        "store": false,
        "text": { "format": {
            "type": "json_schema", "name": prompt.name, "schema": prompt.schema,
            // The strict kind knows no field that may be left out.
            "strict": false,
        } },
    })
}

/// The JSON of the first text, and what was used.
pub(crate) fn read(body: &Value) -> Completion {
    let count = |name: &str| body["usage"][name].as_u64();
    let tokens = count("input_tokens").zip(count("output_tokens"));
    let tokens = tokens.map(|(input, output)| Tokens { input, output });
    Completion { answer: answer(body), tokens }
}

fn answer(body: &Value) -> Result<Value, ModelError> {
    match body["status"].as_str() {
        Some("incomplete") => return Err(ModelError::Incomplete),
        Some("failed" | "cancelled") => return Err(ModelError::Unavailable),
        _ => {}
    }
    let items = body["output"].as_array().into_iter().flatten();
    for content in items.flat_map(|item| item["content"].as_array().into_iter().flatten()) {
        match content["type"].as_str() {
            Some("refusal") => return Err(ModelError::Declined),
            Some("output_text") => {
                let text = content["text"].as_str().unwrap_or_default();
                return serde_json::from_str(text).map_err(|_| ModelError::Unreadable);
            }
            _ => {}
        }
    }
    Err(ModelError::Unreadable)
}
