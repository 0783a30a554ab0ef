//! API Gateway on one machine: routes of the template, events in payload version 1, and the
//! template's own answers where API Gateway would answer itself.

mod event;
mod signature;

use std::sync::Arc;

use anyhow::{Result, bail};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::stream;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::iam::{Permissions, RequestContext};
use crate::lambda::{Answer, Lambda, Listeners, Rest, epoch_us};
use crate::record::{Cause, GatewayRequest, Kind, trace_id};
use crate::template::{Api, Function, Preflight};
use event::Matched;

/// API Gateway takes bodies up to 10 MB.
const MOST_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    routes: Vec<Target>,
    api: Api,
    lambda: Lambda,
    listeners: Listeners,
    /// The namespace of the deployment's metrics.
    namespace: String,
    /// Whether each request is said on the terminal.
    chatty: bool,
}

/// A route and the function behind it.
struct Target {
    method: Method,
    segments: Vec<String>,
    resource: String,
    signed: bool,
    streams: bool,
    function: String,
}

impl Gateway {
    /// A gateway for the template's routes, which its role may call.
    pub fn new(
        functions: &[Function],
        api: Api,
        permissions: &Permissions,
        lambda: Lambda,
        listeners: Listeners,
        chatty: bool,
    ) -> Result<Self> {
        let namespace = functions.iter().find_map(|one| one.environment.get("METRICS_NAMESPACE"));
        let namespace = namespace.cloned().unwrap_or_default();
        let mut routes = Vec::new();
        for function in functions {
            for route in &function.routes {
                let call = ("lambda:InvokeFunction", route.function.as_str());
                if permissions.ask_role("api", &api.role, call, &RequestContext::new()).is_err() {
                    bail!("{} may not call {}", api.role, function.name);
                }
                routes.push(Target {
                    method: route.method.parse()?,
                    segments: route.path.split('/').map(str::to_owned).collect(),
                    resource: route.path.clone(),
                    signed: route.signed,
                    streams: route.streams,
                    function: function.name.clone(),
                });
            }
        }
        // As API Gateway does, a literal segment before a parameter.
        routes.sort_by_key(|target| {
            target.segments.iter().filter(|segment| segment.starts_with('{')).count()
        });
        Ok(Self(Arc::new(Inner { routes, api, lambda, listeners, namespace, chatty })))
    }

    /// Answers every request.
    pub fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response {
    let began_us = epoch_us();
    let label = format!("{} {}", request.method(), request.uri().path());
    let id = Uuid::new_v4().to_string();
    let cause = Cause::new(Kind::Gateway, &label);
    let trace = trace_id(&cause.header()).to_owned();
    let (mut response, rest) = gateway.answer(request, &id, cause).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    let status = response.status().as_u16();
    let answered = move || {
        let ended_us = epoch_us();
        if gateway.0.chatty {
            let ms = ended_us.saturating_sub(began_us) as f64 / 1000.0;
            println!("  {label} → {status} in {ms:.1} ms");
        }
        let request = GatewayRequest { label, trace, began_us, ended_us, status };
        gateway.0.lambda.record().answered(request);
    };
    match rest {
        Some(rest) => *response.body_mut() = handed_on(rest, answered),
        None => answered(),
    }
    response
}

/// Tells that a request was answered, when its answer is whole, broken off or left.
struct Answered<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Answered<F> {
    fn drop(&mut self) {
        if let Some(answered) = self.0.take() {
            answered();
        }
    }
}

/// The body of a stream, which tells when it ends, however it does.
fn handed_on(rest: Rest, answered: impl FnOnce() + Send + 'static) -> Body {
    let state = (rest, Answered(Some(answered)));
    Body::from_stream(stream::unfold(state, async |(mut rest, answered)| {
        let more = rest.recv().await?;
        Some((more, (rest, answered)))
    }))
}

impl Gateway {
    /// The answer, with the rest of a stream beside it.
    async fn answer(&self, request: Request, id: &str, cause: Cause) -> (Response, Option<Rest>) {
        match self.target(request, id).await {
            Ok((target, payload)) => self.call(target, payload, id, cause).await,
            Err(response) => (response, None),
        }
    }

    /// The route of a request and the event for its function, or what API Gateway answers itself.
    async fn target(&self, request: Request, id: &str) -> Result<(&Target, Bytes), Response> {
        if request.method() == Method::OPTIONS {
            let path = request.uri().path();
            let asked = self.0.routes.iter().find(|target| target.matches(path).is_some());
            let preflight = asked.and_then(|target| self.0.api.preflights.get(&target.resource));
            return Err(match preflight {
                Some(preflight) => answer_preflight(preflight, request.headers()),
                None => self.refuse("MISSING_AUTHENTICATION_TOKEN", id),
            });
        }
        let found = self.0.routes.iter().find_map(|target| {
            (target.method == request.method())
                .then(|| target.matches(request.uri().path()))?
                .map(|found| (target, found))
        });
        let Some((target, parameters)) = found else {
            return Err(self.refuse("MISSING_AUTHENTICATION_TOKEN", id));
        };
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MOST_BODY_BYTES).await else {
            return Err(self.refuse("REQUEST_TOO_LARGE", id));
        };
        let operator = if target.signed {
            match signature::check(&parts, &body) {
                Ok(operator) => Some(operator),
                Err(refusal) => return Err(self.refuse(refusal, id)),
            }
        } else {
            None
        };
        let matched = Matched { resource: &target.resource, parameters, operator, request_id: id };
        let payload = event::payload(&parts, &body, &matched, &self.0.api.binary_types);
        if payload.len() > crate::lambda::MOST_PAYLOAD_BYTES {
            return Err(self.refuse("REQUEST_TOO_LARGE", id));
        }
        Ok((target, payload))
    }

    /// The function's answer, or what API Gateway says when there is none.
    async fn call(
        &self,
        target: &Target,
        payload: Bytes,
        id: &str,
        cause: Cause,
    ) -> (Response, Option<Rest>) {
        let function = &target.function;
        let (outcome, rest) = match target.streams {
            true => {
                let Answer { outcome, rest } = self.0.lambda.answer(function, payload, cause).await;
                (outcome, rest)
            }
            false => (self.0.lambda.call(function, payload, cause).await, None),
        };
        let answer: Value = serde_json::from_slice(&outcome.payload).unwrap_or_default();
        if outcome.failed {
            let kind = answer["errorType"].as_str().unwrap_or("unknown");
            println!(
                "  {function} failed: {kind}: {}",
                answer["errorMessage"].as_str().unwrap_or_default()
            );
            let timed_out = kind == "Sandbox.Timedout";
            let kind = if timed_out { "INTEGRATION_TIMEOUT" } else { "INTEGRATION_FAILURE" };
            return (self.refuse(kind, id), None);
        }
        match response(&answer) {
            // API Gateway takes no whole answer where a stream is to come.
            Some(response) if rest.is_some() == target.streams => (response, rest),
            _ => (self.refuse("INTEGRATION_FAILURE", id), None),
        }
    }

    /// What the template's filter over the access log counts.
    fn count_wrong_signature(&self) {
        let metric = json!({ "Name": "WrongSignatures", "Unit": "Count" });
        let directive =
            json!({ "Namespace": self.0.namespace, "Dimensions": [[]], "Metrics": [metric] });
        let line = json!({
            "_aws": { "Timestamp": epoch_us() / 1000, "CloudWatchMetrics": [directive] },
            "WrongSignatures": 1,
        });
        self.0.listeners.tell("api", &line.to_string());
    }

    /// What API Gateway answers itself, as the template words it.
    fn refuse(&self, kind: &str, id: &str) -> Response {
        if ["INVALID_SIGNATURE", "ACCESS_DENIED", "EXPIRED_TOKEN"].contains(&kind) {
            self.count_wrong_signature();
        }
        let default = if kind.ends_with("FAILURE") || kind.ends_with("TIMEOUT") {
            "DEFAULT_5XX"
        } else {
            "DEFAULT_4XX"
        };
        let responses = &self.0.api.responses;
        let Some(worded) = responses.get(kind).or_else(|| responses.get(default)) else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let status = worded.status.and_then(|status| StatusCode::from_u16(status).ok());
        let body = worded.body.replace("$context.requestId", id);
        let mut response = (status.unwrap_or(StatusCode::BAD_GATEWAY), body).into_response();
        set_headers(
            &mut response,
            worded.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        );
        response
    }
}

/// Tells a browser what its page may send, and whether it may at all.
fn answer_preflight(preflight: &Preflight, asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let page = asked.get(header::ORIGIN).and_then(|page| page.to_str().ok());
    let allowed = match (preflight.origins.as_deref(), page) {
        (Some("*"), _) => Some("*"),
        (Some(origins), Some(page)) => origins.split(',').find(|origin| *origin == page),
        _ => None,
    };
    let allowed = allowed.map(|origin| ("access-control-allow-origin", origin));
    let headers = preflight.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    set_headers(&mut response, headers.chain(allowed));
    response
}

impl Target {
    /// The path parameters, if the path is one of this route.
    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let given: Vec<&str> = path.split('/').collect();
        if given.len() != self.segments.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(_) if given.is_empty() => return None,
                Some(name) => parameters.push((name.to_owned(), event::decoded(given))),
                None if segment == given => {}
                None => return None,
            }
        }
        Some(parameters)
    }
}

/// A function's answer as HTTP; `None` when it is none.
fn response(answer: &Value) -> Option<Response> {
    let status = answer["statusCode"]
        .as_u64()
        .and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())?;
    let text = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"].as_bool().unwrap_or(false) {
        BASE64_STANDARD.decode(text).ok()?
    } else {
        text.as_bytes().to_vec()
    };
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().clear();
    let single = answer["headers"].as_object().into_iter().flatten();
    let single = single.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    set_headers(&mut response, single);
    let multi = answer["multiValueHeaders"].as_object().into_iter().flatten();
    for (name, values) in multi {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        response.headers_mut().remove(&name);
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(value) = value.parse() {
                response.headers_mut().append(&name, value);
            }
        }
    }
    Some(response)
}

fn set_headers<'a>(response: &mut Response, headers: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_lets_in_the_origins_of_the_deployment_and_no_others() {
        let allowed = |origins: Option<&str>, page: &str| {
            let headers = vec![("Access-Control-Max-Age".to_owned(), "600".to_owned())];
            let preflight = Preflight { headers, origins: origins.map(str::to_owned) };
            let asked = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_str(page).ok()?)]);
            let response = answer_preflight(&preflight, &asked);
            assert_eq!(response.headers()["access-control-max-age"], "600");
            let allowed = response.headers().get("access-control-allow-origin")?;
            Some(allowed.to_str().ok()?.to_owned())
        };
        let two = Some("https://app.example.in,https://admin.example.in");
        let app = "https://app.example.in";
        assert_eq!(allowed(two, app).as_deref(), Some(app));
        assert_eq!(allowed(two, "https://evil.example"), None);
        assert_eq!(allowed(two, ""), None);
        assert_eq!(allowed(Some("*"), app).as_deref(), Some("*"));
        assert_eq!(allowed(None, app), None);
    }
}
