//! The contract: every route with its security and the problems it may answer.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use shared::Access;
use shared::problem::{ProblemDocument, Reason, reasons};
use utoipa::openapi::path::Paths;
use utoipa::{PartialSchema, ToSchema};

use crate::Service;

/// What stands at the beginning of the contract.
const ABOUT: &str = "Holdings of investors in India, from any broker's export: one exact portfolio.\n\n\
    Amounts and quantities are decimal strings, timestamps RFC 3339 in UTC. Every error is a problem document \
    (RFC 9457) with `code`, the class, and `reason`, a stable word; `x-reasons` lists them all.";

pub(crate) fn document(services: &[Service]) -> Result<Value> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for service in services {
        for route in &service.routes {
            let documentation =
                route.documentation().context("only a debug build has documentation")?;
            for (name, schema) in documentation.schemas {
                add_schema(&mut schemas, name, serde_json::to_value(schema)?)?;
            }
            add_paths(&mut paths, service, route.access(), &documentation.paths)?;
        }
    }
    let mut problem = Vec::new();
    ProblemDocument::schemas(&mut problem);
    problem.push((ProblemDocument::name().into_owned(), ProblemDocument::schema()));
    for (name, schema) in problem {
        add_schema(&mut schemas, name, serde_json::to_value(schema)?)?;
    }
    let all = services
        .iter()
        .flat_map(|service| service.reasons.iter().map(|reason| (service.name, reason)));
    let all = reasons::ALL.iter().map(|reason| ("every service", reason)).chain(all);
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "KiteMate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this document is served." }],
        "tags": services.iter().map(|service| json!({ "name": service.name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": security_schemes(),
        },
        "x-reasons": all.map(|(of, reason)| described(of, reason)).collect::<Vec<_>>(),
    }))
}

/// Adds a schema; two types of one name would be one of them in the contract.
fn add_schema(schemas: &mut Map<String, Value>, name: String, schema: Value) -> Result<()> {
    if let Some(other) = schemas.get(&name).filter(|other| **other != schema) {
        bail!(
            "two types are called {name}; give one of them `#[schema(as = …)]`:\n{other:#}\n{schema:#}"
        );
    }
    schemas.insert(name, schema);
    Ok(())
}

fn security_schemes() -> Value {
    json!({
        "accessToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "From /v1/auth/login, then /v1/auth/refresh; good for 15 minutes.",
        },
        "apiKey": {
            "type": "apiKey", "in": "header", "name": "x-api-key",
            "description": "From /v1/api-keys; acts as who made it, within its scopes.",
        },
        "awsSignature": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "AWS Signature Version 4, for operators of the deployment.",
        },
    })
}

fn described(of: &str, reason: &Reason) -> Value {
    json!({
        "reason": reason.name, "code": reason.code.name(), "status": reason.code.status().as_u16(),
        "detail": reason.detail, "of": of,
    })
}

fn add_paths(
    paths: &mut Map<String, Value>,
    service: &Service,
    access: Access,
    documented: &Paths,
) -> Result<()> {
    let Value::Object(items) = serde_json::to_value(documented)? else { return Ok(()) };
    for (path, item) in items {
        let Value::Object(mut item) = item else { continue };
        for operation in item.values_mut().filter_map(Value::as_object_mut) {
            complete(operation, service.name, access).with_context(|| path.clone())?;
        }
        let there = paths.entry(path).or_insert_with(|| json!({}));
        there.as_object_mut().context("a path is an object")?.append(&mut item);
    }
    Ok(())
}

/// The function of a service's handler.
pub(crate) fn function_of(service: &str, handler: &str) -> String {
    format!("{service}-{}", handler.replace('_', "-"))
}

/// Names the operation as its function is named, and adds what every operation of its kind has.
fn complete(operation: &mut Map<String, Value>, service: &str, access: Access) -> Result<()> {
    let handler = operation
        .get("operationId")
        .and_then(Value::as_str)
        .context("an operation without an id")?;
    let function = function_of(service, handler);
    operation.insert("operationId".into(), json!(function));
    operation.insert("tags".into(), json!([service]));
    let (security, who) = match access {
        Access::Public => (json!([]), "anyone".to_owned()),
        Access::Person => (json!([{ "accessToken": [] }]), "any person".to_owned()),
        Access::Member(permission) => {
            (json!([{ "accessToken": [] }]), format!("members: {}", permission.roles().join(", ")))
        }
        Access::MemberOrKey(permission) => (
            json!([{ "accessToken": [] }, { "apiKey": [] }]),
            format!(
                "members: {}; keys with {}",
                permission.roles().join(", "),
                permission.scope().unwrap_or("no scope")
            ),
        ),
        Access::Operator => (json!([{ "awsSignature": [] }]), "operators".to_owned()),
    };
    operation.insert("security".into(), security);
    operation.insert("x-who-may-call".into(), json!(who));
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let responses = responses.as_object_mut().context("responses are an object")?;
    responses.insert("default".into(), json!({
        "description": "A problem document; `reason` says what happened.",
        "content": {
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDocument" } },
        },
    }));
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        if response.get("description").is_none_or(|text| text == "") {
            response.insert("description".into(), json!("Done."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_of_one_name_are_refused() {
        let mut schemas = Map::new();
        let add = |schemas: &mut Map<String, Value>, kind: &str| {
            add_schema(schemas, "Health".into(), json!({ "type": kind })).is_ok()
        };
        assert!(add(&mut schemas, "object") && add(&mut schemas, "object"));
        assert!(!add(&mut schemas, "string"));
    }
}
