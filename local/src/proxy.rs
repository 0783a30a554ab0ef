//! What stands between the functions and the emulator: it knows each process by its access key and
//! asks its function's role before anything passes.

mod batch;
mod request;

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;

use crate::doors::{Allowed, Door, serve};
use crate::iam::{Denial, Permissions};
use crate::web::Connections;
use request::AwsRequest;

/// The emulator takes objects up to this size from a function.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The access key of a process: who it is stands in it, as an emulator without secrets allows.
pub fn access_key(function: &str, process: u64) -> String {
    format!("KM.{process}.{function}")
}

/// The function of an access key.
fn function_of(key: &str) -> Option<&str> {
    let (process, function) = key.strip_prefix("KM.")?.split_once('.')?;
    process.parse::<u64>().ok()?;
    Some(function)
}

#[derive(Clone)]
struct Proxy {
    permissions: Permissions,
    emulator_url: Arc<str>,
    connections: Connections,
}

/// Stands before the emulator and answers where.
pub async fn stand(
    emulator_url: &str,
    permissions: Permissions,
    allowed: Allowed,
) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let proxy =
        Proxy { permissions, emulator_url: emulator_url.into(), connections: Connections::kept() };
    let router = Router::new().fallback(pass).with_state(proxy);
    // Links to files are for browsers; everything else here is for the functions.
    tokio::spawn(serve(listener, Door::Links(allowed), router));
    Ok(url)
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asked = match AwsRequest::read(&parts, &body) {
        Ok(asked) => asked,
        Err(why) => {
            println!("  denied: {why}");
            return refusal("UnrecognizedClientException", &why);
        }
    };
    let Some(function) = function_of(&asked.access_key) else {
        return refusal("UnrecognizedClientException", "The access key is no function's.");
    };
    for resource in &asked.resources {
        if let Err(denial) =
            proxy.permissions.ask(function, &asked.action, resource, &asked.context)
        {
            return denied(&asked, &denial);
        }
    }
    match forward(&proxy, &parts, body).await {
        Ok(response) => response,
        Err(err) => (StatusCode::BAD_GATEWAY, format!("{err:#}")).into_response(),
    }
}

/// Worded as AWS words it.
fn denied(asked: &AwsRequest, denial: &Denial) -> Response {
    let message = format!(
        "User: arn:aws:sts::{account}:assumed-role/{role}/{function} is not authorized to perform: {action} on \
         resource: {resource} because no identity-based policy allows the {action} action",
        account = crate::template::ACCOUNT,
        role = denial.role,
        function = denial.function,
        action = denial.action,
        resource = denial.resource,
    );
    if asked.service == "s3" {
        let body = format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");
        return (StatusCode::FORBIDDEN, [("content-type", "application/xml")], body)
            .into_response();
    }
    refusal("AccessDeniedException", &message)
}

fn refusal(kind: &str, message: &str) -> Response {
    let body = json!({ "__type": kind, "message": message, "Message": message }).to_string();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", kind)];
    (StatusCode::BAD_REQUEST, headers, body).into_response()
}

async fn forward(proxy: &Proxy, parts: &Parts, body: Bytes) -> Result<Response> {
    let Proxy { emulator_url, connections, .. } = proxy;
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let answer = if target == Some("AmazonSQS.SendMessageBatch") {
        batch::send(proxy, parts, &body).await?
    } else {
        let path = unsigned(&parts.uri);
        let request = http::Request::builder().method(parts.method.clone());
        let mut request = request.uri(format!("{emulator_url}{path}")).body(body)?;
        *request.headers_mut() = passed_on(&parts.headers);
        connections.send(request).await?
    };
    let mut response = answer.body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status)?;
    *response.headers_mut() = passed_on(&answer.headers);
    Ok(response)
}

/// A path and its query without a signature in it: it names a key of ours, which the emulator does not know.
fn unsigned(uri: &http::Uri) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = query.filter(|pair| !pair.starts_with("X-Amz-")).collect();
    format!("{}?{}", uri.path(), kept.join("&"))
}

/// Headers without those that are about one connection, or about one body's length.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for hop in ["host", "connection", "transfer-encoding", "content-length", "origin"] {
        headers.remove(hop);
    }
    // The emulator lets pages of any site read its answers; the door says who may.
    let of_pages = |name: &http::HeaderName| name.as_str().starts_with("access-control-");
    let named: Vec<_> = headers.keys().filter(|name| of_pages(name)).cloned().collect();
    named.iter().for_each(|name| drop(headers.remove(name)));
    headers
}
