//! OpenAI's Responses.

use serde_json::{Value, json};

use crate::{ModelError, Prompt, Tokens};

pub(crate) fn body(model: &str, prompt: &Prompt<'_>) -> Value {
    let said = prompt.said.iter().enumerate().map(|(at, text)| {
        json!({ "role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text })
    });
    json!({
        "model": model,
        "instructions": prompt.instructions,
        "input": said.collect::<Vec<_>>(),
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
pub(crate) fn read(body: &Value) -> (Result<Value, ModelError>, Tokens) {
    let count = |name: &str| body["usage"][name].as_u64().unwrap_or(0);
    let tokens = Tokens { input: count("input_tokens"), output: count("output_tokens") };
    let items = body["output"].as_array().into_iter().flatten();
    let contents = items.flat_map(|item| item["content"].as_array().into_iter().flatten());
    let mut answer = Err(match body["status"].as_str() {
        Some("incomplete") => ModelError::Incomplete,
        Some("failed" | "cancelled") => ModelError::Unavailable,
        _ => ModelError::Unreadable,
    });
    for content in contents {
        match content["type"].as_str() {
            Some("refusal") => return (Err(ModelError::Declined), tokens),
            Some("output_text") if body["status"] != "incomplete" => {
                let text = content["text"].as_str().unwrap_or_default();
                answer = serde_json::from_str(text).map_err(|_| ModelError::Unreadable);
                break;
            }
            _ => {}
        }
    }
    (answer, tokens)
}
