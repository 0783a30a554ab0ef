//! A sample event for every HTTP function, as API Gateway would send it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Stands for a valid access token; whoever sends a sample puts one in its place.
const TOKEN: &str = "Bearer DEMO_TOKEN";
/// Stands for an id where the contract has no example.
const ID: &str = "019a0000-0000-7000-8000-000000000001";

/// Events by the function they are for.
pub(crate) fn events(contract: &Value) -> Result<BTreeMap<String, Value>> {
    let mut events = BTreeMap::new();
    for (path, item) in contract["paths"].as_object().context("paths are an object")? {
        for (method, operation) in item.as_object().context("a path is an object")? {
            let function = operation["operationId"].as_str().context("an operation without an id")?;
            events.insert(function.to_owned(), event(contract, path, method, operation));
        }
    }
    Ok(events)
}

fn event(contract: &Value, path: &str, method: &str, operation: &Value) -> Value {
    let (mut query, mut in_path, mut real_path) = (Map::new(), Map::new(), path.to_owned());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let example = parameter["example"].as_str();
        match (parameter["in"].as_str(), example) {
            (Some("path"), example) => {
                let value = example.unwrap_or(ID);
                real_path = real_path.replace(&format!("{{{name}}}"), value);
                in_path.insert(name.into(), json!(value));
            }
            (Some("query"), Some(example)) => drop(query.insert(name.into(), json!(example))),
            _ => {}
        }
    }
    let mut headers = Map::from_iter([("accept".to_owned(), json!("application/json"))]);
    let security = operation["security"].as_array();
    if security.is_some_and(|schemes| schemes.iter().any(|scheme| scheme.get("accessToken").is_some())) {
        headers.insert("authorization".into(), json!(TOKEN));
    }
    let body = body(contract, operation);
    if body.is_some() {
        headers.insert("content-type".into(), json!("application/json"));
    }
    let operator = security.is_some_and(|schemes| schemes.iter().any(|scheme| scheme.get("awsSignature").is_some()));
    let multi = |map: &Map<String, Value>| -> Map<String, Value> {
        map.iter().map(|(name, value)| (name.clone(), json!([value]))).collect()
    };
    json!({
        "resource": path,
        "path": real_path,
        "httpMethod": method.to_uppercase(),
        "multiValueHeaders": multi(&headers),
        "headers": headers,
        "multiValueQueryStringParameters": multi(&query),
        "queryStringParameters": query,
        "pathParameters": in_path,
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "sample",
            "stage": "sample",
            "resourcePath": path,
            "path": real_path,
            "httpMethod": method.to_uppercase(),
            "requestId": "00000000-0000-4000-8000-000000000000",
            "identity": {
                "sourceIp": "127.0.0.1",
                "userArn": operator.then_some("arn:aws:iam::000000000000:user/operator"),
            },
        },
        "body": body.map(|body| body.to_string()),
        "isBase64Encoded": false,
    })
}

/// The example of a JSON body.
fn body(contract: &Value, operation: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    contract["components"]["schemas"][name].get("example").cloned()
}
