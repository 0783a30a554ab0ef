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
            let function =
                operation["operationId"].as_str().context("an operation without an id")?;
            events.insert(function.to_owned(), event(contract, path, method, operation));
        }
    }
    Ok(events)
}

fn event(contract: &Value, path: &str, method: &str, operation: &Value) -> Value {
    let (query, in_path) = (examples(operation, "query"), examples(operation, "path"));
    let real_path = in_path.iter().fold(path.to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
    });
    let secured = |scheme: &str| {
        let schemes = operation["security"].as_array();
        schemes.is_some_and(|schemes| schemes.iter().any(|one| one.get(scheme).is_some()))
    };
    let body = body(contract, operation);
    let mut headers = Map::from_iter([("accept".to_owned(), json!("application/json"))]);
    if secured("accessToken") {
        headers.insert("authorization".into(), json!(TOKEN));
    }
    if body.is_some() {
        headers.insert("content-type".into(), json!("application/json"));
    }
    let method = method.to_uppercase();
    let operator = secured("awsSignature").then_some("arn:aws:iam::000000000000:user/operator");
    json!({
        "resource": path,
        "path": real_path,
        "httpMethod": method,
        "multiValueHeaders": multi(&headers),
        "headers": headers,
        "multiValueQueryStringParameters": multi(&query),
        "queryStringParameters": query,
        "pathParameters": in_path,
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "sample",
            // lambda_http puts any other stage before the path, unless told not to.
            "stage": "$default",
            "resourcePath": path,
            "path": real_path,
            "httpMethod": method,
            "requestId": "00000000-0000-4000-8000-000000000000",
            "identity": { "sourceIp": "127.0.0.1", "userArn": operator },
        },
        "body": body.map(|body| body.to_string()),
        "isBase64Encoded": false,
    })
}

/// The examples of an operation's parameters of a kind; one in the path must have a value.
fn examples(operation: &Value, kind: &str) -> Map<String, Value> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let of_kind = parameters.filter(|parameter| parameter["in"] == kind);
    let default = (kind == "path").then_some(ID);
    let example = |parameter: &Value| {
        let value = parameter["example"].as_str().or(default)?;
        Some((parameter["name"].as_str()?.to_owned(), json!(value)))
    };
    of_kind.filter_map(example).collect()
}

fn multi(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), json!([value]))).collect()
}

/// The example of a JSON body.
fn body(contract: &Value, operation: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    contract["components"]["schemas"][name].get("example").cloned()
}
