//! Events and answers without what must not stand on a screen, and cut short.

use serde_json::Value;

/// Of one event or answer, so many characters are kept.
const MOST_CHARACTERS: usize = 8_000;
/// Larger ones are not taken apart at all.
const MOST_BYTES: usize = 256 * 1024;
/// What stands in a secret's place.
const HIDDEN: &str = "•••";

/// An event or an answer as it may be shown.
pub(super) fn shown(bytes: &[u8]) -> String {
    if bytes.len() > MOST_BYTES {
        return format!("({} bytes)", bytes.len());
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return format!("({} bytes that are not JSON)", bytes.len());
    };
    hide(&mut value);
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}\n… ({} bytes)", &text[..at], bytes.len()),
        None => text,
    }
}

/// Names of fields and headers that hold secrets.
fn secret(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '_'], "");
    let names = [
        "authorization",
        "authorizationurl",
        "code",
        "cookie",
        "key",
        "loginurl",
        "setcookie",
        "url",
        "xapikey",
    ];
    names.contains(&name.as_str())
        || ["password", "token", "secret", "pkcs8", "verifier"]
            .iter()
            .any(|word| name.contains(word))
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                match value {
                    Value::Null => {}
                    // What a sign-in was begun with; the state of a connection is a word.
                    Value::String(text) if name == "state" && text.len() > 40 => {
                        *value = Value::String(HIDDEN.into());
                    }
                    _ if secret(name) => *value = Value::String(HIDDEN.into()),
                    Value::String(text) if name == "body" => *text = body(text),
                    value => hide(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// A body that is JSON itself, without its secrets; any other is kept only by its length.
fn body(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(mut inner @ Value::Object(_)) => {
            hide(&mut inner);
            inner.to_string()
        }
        _ => format!("({} characters)", text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let event = serde_json::json!({
            "headers": { "Authorization": "Bearer planted", "x-api-key": "planted" },
            "multiValueHeaders": { "authorization": ["Bearer planted"] },
            "body": "{\"password\":\"planted\",\"email\":\"a@b.in\",\"inner\":{\"refreshToken\":\"planted\"}}",
        });
        let shown = shown(event.to_string().as_bytes());
        assert!(!shown.contains("planted") && shown.contains("a@b.in"), "{shown}");
        for body in [
            "{\"password\": \"planted\" oops",
            "planted",
            "({\"password\":\"planted\"})",
            "[\"planted\"]",
            "{\"password\":{\"value\":\"planted\"}}",
            "{\"keyId\":\"abc\",\"key\":\"km_live_planted\"}",
            "{\"loginUrl\":\"http://kite/?state=planted\",\"url\":\"http://files/?X-Amz-Signature=planted\"}",
            "{\"state\":\"planted-planted-planted-planted-planted-planted\",\"browserVerifier\":\"planted\"}",
        ] {
            let event = serde_json::json!({ "body": body }).to_string();
            assert!(!super::shown(event.as_bytes()).contains("planted"));
        }
    }
}
