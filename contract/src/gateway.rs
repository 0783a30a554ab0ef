//! api.json: the API as API Gateway imports it, with its own answers.
//!
//! Sources: "OpenAPI extensions for API Gateway" (`x-amazon-apigateway-integration`, `-gateway-responses`, `-authtype`),
//! "CORS for REST APIs" and "Set up a mock integration", API Gateway developer guide. It is OpenAPI 3.0.1 without
//! schemas, for API Gateway imports no 3.1; what template.yaml includes may use CloudFormation's functions.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use shared::problem::{Reason, reasons};

use crate::Service;
use crate::openapi::function_of;

/// How long API Gateway waits for an answer, in milliseconds: as long as it does without an increased quota.
const TIMEOUT_MS: u32 = 29_000;

/// How long it hands a stream on at most, in milliseconds. The route's own end comes first.
const STREAM_TIMEOUT_MS: u32 = 900_000;

/// What a page may send, and for how many seconds a browser remembers it.
const PREFLIGHT: [(&str, &str); 3] = [
    ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "authorization,content-type,idempotency-key,if-none-match,x-api-key,x-request-id",
    ),
    ("Access-Control-Max-Age", "600"),
];

/// Names the origin of a page that may call, in the mapping templates of API Gateway.
const NAMES_THE_ORIGIN: &str = "#set($allowed = \",${AllowedOrigins},\")\n\
    #set($page = $input.params().header.get(\"origin\"))\n\
    #if(\"$!page\" == \"\")#set($page = $input.params().header.get(\"Origin\"))#end\n\
    #if($allowed == \",*,\")\n\
    #set($context.responseOverride.header.Access-Control-Allow-Origin = \"*\")\n\
    #elseif(\"$!page\" != \"\" && $allowed.contains(\",$page,\"))\n\
    #set($context.responseOverride.header.Access-Control-Allow-Origin = $page)\n\
    #end\n";

/// The body of the API: the operations of the contract, and a preflight for each path.
pub(crate) fn body(services: &[Service], contract: &Value) -> Result<Value> {
    let public = public_paths(services)?;
    let streams = streaming_operations(services)?;
    let written = contract["paths"].as_object().into_iter().flatten();
    one_parameter_per_place(written.map(|(path, _)| path.as_str()))?;
    let mut paths = Map::new();
    for (path, item) in contract["paths"].as_object().into_iter().flatten() {
        let mut operations = Map::new();
        for (method, operation) in item.as_object().into_iter().flatten() {
            let streams = streams.contains(operation["operationId"].as_str().unwrap_or_default());
            operations.insert(method.clone(), answered(operation, streams)?);
        }
        operations.insert("options".into(), preflight(public.contains(path)));
        let parameters: Vec<Value> = path.split('/').filter_map(parameter).collect();
        if !parameters.is_empty() {
            operations.insert("parameters".into(), json!(parameters));
        }
        paths.insert(path.clone(), Value::Object(operations));
    }
    Ok(json!({
        "openapi": "3.0.1",
        "info": { "title": contract["info"]["title"], "version": contract["info"]["version"] },
        "paths": paths,
        "components": { "securitySchemes": { "operators": {
            "type": "apiKey", "name": "Authorization", "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        } } },
        "x-amazon-apigateway-gateway-responses": REFUSALS.iter().map(refusal).collect::<Map<_, _>>(),
    }))
}

/// API Gateway knows one name for a parameter at its place: `/v1/a/{id}` and `/v1/a/{other}/b` are refused.
fn one_parameter_per_place<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for path in paths {
        for (at, _) in path.match_indices("/{") {
            let (before, rest) = path.split_at(at);
            let name = rest.split('/').nth(1).unwrap_or_default();
            let there = names.entry(before).or_insert(name);
            ensure!(
                *there == name,
                "{path}: the parameter after {before} is called {there} elsewhere"
            );
        }
    }
    Ok(())
}

/// Paths whose answers pages of any origin may read.
fn public_paths(services: &[Service]) -> Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    let routes = services.iter().flat_map(|service| &service.routes);
    for route in routes.filter(|route| route.is_for_any_origin()) {
        let documentation =
            route.documentation().context("only a debug build has documentation")?;
        paths.extend(documentation.paths.paths.into_keys());
    }
    Ok(paths)
}

/// The operations that answer in streams.
fn streaming_operations(services: &[Service]) -> Result<BTreeSet<String>> {
    let mut operations = BTreeSet::new();
    for service in services {
        for route in service.routes.iter().filter(|route| route.streams_for().is_some()) {
            let documentation =
                route.documentation().context("only a debug build has documentation")?;
            let paths = serde_json::to_value(&documentation.paths)?;
            let items = paths.as_object().into_iter().flatten();
            let all = items.flat_map(|(_, item)| item.as_object().into_iter().flatten());
            let handlers = all.filter_map(|(_, operation)| operation["operationId"].as_str());
            operations.extend(handlers.map(|handler| function_of(service.name, handler)));
        }
    }
    Ok(operations)
}

/// The declaration of a path's parameter.
fn parameter(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
}

/// An operation, answered by the function that it is named after.
fn answered(operation: &Value, streams: bool) -> Result<Value> {
    let function = operation["operationId"].as_str().context("an operation without an id")?;
    let signed = operation["security"].as_array().into_iter().flatten();
    let signed = signed.filter_map(Value::as_object).any(|one| one.contains_key("awsSignature"));
    // Streams have an API of their own ("InvokeWithResponseStream").
    let (version, invocations) = match streams {
        true => ("2021-11-15", "response-streaming-invocations"),
        false => ("2015-03-31", "invocations"),
    };
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/\
         arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{AWS::StackName}}-{function}/{invocations}"
    );
    let mut described = json!({
        "operationId": function,
        "responses": { "default": { "description": "What the function answers." } },
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": { "Fn::Sub": uri },
            "credentials": { "Fn::GetAtt": ["ApiRole", "Arn"] },
            "timeoutInMillis": TIMEOUT_MS,
        },
    });
    if streams {
        described["x-amazon-apigateway-integration"]["responseTransferMode"] = json!("STREAM");
        described["x-amazon-apigateway-integration"]["timeoutInMillis"] = json!(STREAM_TIMEOUT_MS);
    }
    if signed {
        described["security"] = json!([{ "operators": [] }]);
    }
    Ok(described)
}

/// The answer to a browser that asks whether its page may call.
fn preflight(public: bool) -> Value {
    let mut headers = Map::new();
    let mut parameters = Map::new();
    let any = public.then_some(("Access-Control-Allow-Origin", "*"));
    for (name, value) in PREFLIGHT.into_iter().chain(any) {
        headers.insert(name.into(), json!({ "schema": { "type": "string" } }));
        parameters.insert(format!("method.response.header.{name}"), json!(format!("'{value}'")));
    }
    // Named even where a template sets it.
    headers.insert("Access-Control-Allow-Origin".into(), json!({ "schema": { "type": "string" } }));
    // SAM rewrites the headers of a 200.
    let mut answer = json!({ "statusCode": "204", "responseParameters": parameters });
    if !public {
        let template = json!({ "Fn::Sub": NAMES_THE_ORIGIN });
        answer["responseTemplates"] = json!({ "application/json": template });
    }
    json!({
        "responses": { "204": { "description": "What a page may send.", "headers": headers } },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": { "application/json": "{\"statusCode\": 204}" },
            "responses": { "default": answer },
        },
    })
}

/// What API Gateway refuses by itself: the type of the response, the reason that callers are told, and what is said
/// instead of the reason's own text. Those of no status keep API Gateway's.
const REFUSALS: [(&str, Reason, Option<&str>); 10] = [
    (
        "MISSING_AUTHENTICATION_TOKEN",
        reasons::NO_ROUTE,
        Some(
            "Nothing answers at this method and path, or it is for operators and the request has no AWS signature; \
             see /openapi.json.",
        ),
    ),
    ("ACCESS_DENIED", reasons::OPERATOR, Some("These AWS credentials may not call this route.")),
    ("INVALID_SIGNATURE", reasons::OPERATOR, Some("The AWS signature is not right.")),
    ("EXPIRED_TOKEN", reasons::OPERATOR, Some("The AWS credentials have expired.")),
    ("THROTTLED", reasons::LIMITED, Some("Too many requests; try again in a second.")),
    ("REQUEST_TOO_LARGE", reasons::TOO_LARGE, None),
    ("INTEGRATION_TIMEOUT", reasons::TIMEOUT, None),
    ("INTEGRATION_FAILURE", reasons::UNAVAILABLE, None),
    (EVERY_4XX, reasons::INVALID, Some("API Gateway refused the request.")),
    (
        EVERY_5XX,
        reasons::INTERNAL,
        Some("Something went wrong on our side. Quote the requestId when you report it."),
    ),
];

/// Whatever else API Gateway refuses; the status is its own.
const EVERY_4XX: &str = "DEFAULT_4XX";
/// Whatever else fails in API Gateway; the status is its own.
const EVERY_5XX: &str = "DEFAULT_5XX";

/// A refusal as a problem document. It says nothing about anybody: pages of any origin may read it.
fn refusal(&(kind, reason, detail): &(&str, Reason, Option<&str>)) -> (String, Value) {
    let status = reason.code.status();
    let mut headers = json!({
        "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
        "gatewayresponse.header.Access-Control-Expose-Headers": "'retry-after'",
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
    });
    // All places of a function may be taken: 503 is also what Lambda's throttling becomes.
    let retry_after = match status.as_u16() {
        429 => Some("'1'"),
        503 => Some("'5'"),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        headers["gatewayresponse.header.Retry-After"] = json!(seconds);
    }
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": detail.unwrap_or(reason.detail),
        "code": reason.code.name(),
        "reason": reason.name,
        "requestId": "$context.requestId",
    });
    let mut response = json!({ "statusCode": status.as_str(), "responseParameters": headers });
    if [EVERY_4XX, EVERY_5XX].contains(&kind) {
        for member in ["title", "status"] {
            problem.as_object_mut().map(|problem| problem.remove(member));
        }
        response.as_object_mut().map(|response| response.remove("statusCode"));
    }
    response["responseTemplates"] = json!({ "application/json": problem.to_string() });
    (kind.to_owned(), response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_handed_on_while_it_comes() -> Result<()> {
        let operation = json!({ "operationId": "chat-ask", "security": [{ "accessToken": [] }] });
        let whole = answered(&operation, false)?["x-amazon-apigateway-integration"].clone();
        let stream = answered(&operation, true)?["x-amazon-apigateway-integration"].clone();
        let uri = |of: &Value| of["uri"]["Fn::Sub"].as_str().unwrap_or_default().to_owned();
        assert!(uri(&whole).ends_with("-chat-ask/invocations"));
        assert!(uri(&stream).contains("/2021-11-15/functions/"));
        assert!(uri(&stream).ends_with("-chat-ask/response-streaming-invocations"));
        assert_eq!(
            (&whole["responseTransferMode"], &whole["timeoutInMillis"]),
            (&Value::Null, &json!(29_000))
        );
        assert_eq!(
            (&stream["responseTransferMode"], &stream["timeoutInMillis"]),
            (&json!("STREAM"), &json!(900_000))
        );
        Ok(())
    }

    #[test]
    fn a_place_of_a_path_has_one_name_for_its_parameter() {
        let same = ["/v1/a/{id}", "/v1/a/{id}/b", "/v1/b/{other}", "/v1/a/all"];
        assert!(one_parameter_per_place(same.into_iter()).is_ok());
        let differing = ["/v1/a/{id}", "/v1/a/{other}/b"];
        assert!(one_parameter_per_place(differing.into_iter()).is_err());
    }
}
