//! A request as the event a function behind a REST API gets.
//!
//! Format: "Input format of a Lambda function for proxy integration", API Gateway developer guide.

use axum::body::Bytes;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::lambda::epoch_ms;
use crate::template::ACCOUNT;

/// The route a request was for.
pub(super) struct Matched<'a> {
    pub(super) resource: &'a str,
    pub(super) parameters: Vec<(String, String)>,
    /// The ARN of whoever signed it.
    pub(super) operator: Option<String>,
    pub(super) request_id: &'a str,
}

pub(super) fn payload(
    parts: &Parts,
    body: &Bytes,
    matched: &Matched<'_>,
    binary_types: &[String],
) -> Bytes {
    let mut headers: Map<String, Value> = Map::new();
    let mut multi: Map<String, Value> = Map::new();
    for (name, value) in &parts.headers {
        let value = Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
        headers.insert(name.to_string(), value.clone());
        append(&mut multi, name.as_str(), value);
    }
    let (mut query, mut multi_query) = (Map::new(), Map::new());
    for (name, value) in pairs(parts.uri.query().unwrap_or_default()) {
        query.insert(name.clone(), Value::String(value.clone()));
        append(&mut multi_query, &name, Value::String(value));
    }
    let kind =
        parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    let binary = binary_types.iter().any(|one| one == media || one == "*/*");
    let text = if binary {
        BASE64_STANDARD.encode(body)
    } else {
        String::from_utf8_lossy(body).into_owned()
    };
    let path = parts.uri.path();
    let parameters: Map<String, Value> = matched
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), Value::String(value.clone())))
        .collect();
    let event = json!({
        "resource": matched.resource,
        "path": path,
        "httpMethod": parts.method.as_str(),
        "headers": headers,
        "multiValueHeaders": multi,
        "queryStringParameters": absent_if_empty(query),
        "multiValueQueryStringParameters": absent_if_empty(multi_query),
        "pathParameters": absent_if_empty(parameters),
        "stageVariables": null,
        "requestContext": context(parts, matched, path),
        "body": if body.is_empty() { Value::Null } else { Value::String(text) },
        "isBase64Encoded": binary && !body.is_empty(),
    });
    Bytes::from(event.to_string())
}

fn context(parts: &Parts, matched: &Matched<'_>, path: &str) -> Value {
    let agent = parts.headers.get("user-agent").and_then(|agent| agent.to_str().ok());
    json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        "stage": "local",
        "protocol": "HTTP/1.1",
        "resourceId": "local",
        "resourcePath": matched.resource,
        "path": path,
        "httpMethod": parts.method.as_str(),
        "requestId": matched.request_id,
        "requestTimeEpoch": epoch_ms(),
        "identity": { "sourceIp": "127.0.0.1", "userAgent": agent, "userArn": matched.operator },
    })
}

fn append(map: &mut Map<String, Value>, name: &str, value: Value) {
    match map.get_mut(name) {
        Some(Value::Array(values)) => values.push(value),
        _ => drop(map.insert(name.to_owned(), Value::Array(vec![value]))),
    }
}

fn absent_if_empty(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// The pairs of a query string, decoded as API Gateway decodes them.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A percent-encoded text.
pub(super) fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_decoded_once() {
        assert_eq!(
            pairs("q=M%26M&empty=&flag&a=1+2"),
            [
                ("q".into(), "M&M".into()),
                ("empty".into(), String::new()),
                ("flag".into(), String::new()),
                ("a".into(), "1 2".into()),
            ]
        );
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%E2%82%B9"), "₹");
    }
}
