//! What surrounds every request: its id, its log line, its headers, and problems made readable.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use lambda_http::request::RequestContext;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::extract::check_operator;
use super::origins::Origins;
use super::stream;
use crate::problem::reasons;
use crate::telemetry::{self, Begun, Invocations};
use crate::{Access, App, Problem, limits};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// API Gateway gives up at 29 seconds; ours comes first, so that the answer is ours.
pub(super) const DEADLINE: Duration = Duration::from_secs(25);

/// How long what gave up may take to leave nothing behind; then its connection is dropped.
pub(super) const SETTLES_WITHIN: Duration = Duration::from_secs(2);

/// What a route says of its frame.
pub(super) struct Frame {
    /// Whether it computes for long without waiting.
    pub(super) computes: bool,
    /// When it gives up.
    pub(super) deadline: Duration,
    /// The policy under which its answers may stand in another page.
    pub(super) embeddable: Option<&'static str>,
    /// The origins whose pages may read its answers.
    pub(super) origins: Origins,
    /// How long its answers may go on.
    pub(super) streams_for: Duration,
}

/// The id of a request, for the log and for its caller.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl FromRequestParts<App> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| Problem::internal(anyhow::anyhow!("a request outside its frame")))
    }
}

/// The policy of what says none of its own.
const CLOSED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Puts a router in its frame; whatever no route takes becomes a problem too.
pub(super) fn around(router: Router, app: &App, frame: Frame) -> Router {
    let invocations = Arc::new(Invocations::new(app.config()));
    let no_route = || async { Problem::new(reasons::NO_ROUTE) };
    let (app, frame) = (app.clone(), Arc::new(frame));
    router.fallback(no_route).method_not_allowed_fallback(no_route).layer(from_fn(
        move |request, next| {
            let (app, invocations, frame) = (app.clone(), invocations.clone(), frame.clone());
            async move { framed((&app, &invocations), request, next, &frame).await }
        },
    ))
}

async fn framed(
    (app, invocations): (&App, &Invocations),
    mut request: Request,
    next: Next,
    frame: &Frame,
) -> Response {
    let id = request_id(&request);
    let lambda = request.extensions().get::<lambda_runtime::Context>();
    let begun = lambda.map(Begun::of).unwrap_or_default();
    let caller_request_id = caller_request_id(&request);
    let page = request.headers().get(header::ORIGIN).cloned();
    let begun = Begun { request_id: id.clone(), caller_request_id, ..begun };
    let invocation = invocations.begin(begun);
    request.extensions_mut().insert(RequestId(id.clone()));
    let work = {
        let app = app.clone();
        async move {
            let done = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            app.settle().await;
            done
        }
    };
    let give_up = Instant::now() + frame.deadline;
    let work = limits::with_standing(until(give_up, invocation.alone_during(work)));
    let given = match frame.computes {
        // `until` ends work that waits for something. This ends work that computes without waiting.
        true => timeout_at(give_up + Duration::from_millis(100), apart(work)).await.ok().flatten(),
        false => Some(work.await),
    };
    let (done, standing) = given.unwrap_or((None, None));
    let response = match done {
        Some(Ok(response)) => response,
        Some(Err(_)) => invocation.while_in(|| telemetry::panicked().into_response()),
        None => {
            // What was dropped in the middle may have left its transaction.
            let settled = timeout_at(Instant::now() + SETTLES_WITHIN, app.settle());
            let _ = invocation.during(settled).await;
            let gave_up = Problem::new(reasons::TIMEOUT).because(anyhow::anyhow!("gave up"));
            gave_up.into_response()
        }
    };
    let (response, refusal) = invocation.while_in(|| readable(response, &id));
    let mut response = with_headers(response, &id, frame.embeddable);
    frame.origins.allow(page.as_ref(), response.headers_mut());
    if let Some(standing) = standing {
        response.headers_mut().extend(standing.headers());
    }
    match stream::begin(&mut response, app, invocation, &id, frame.streams_for) {
        Ok(()) => {}
        Err(invocation) => invocation.end(refusal),
    }
    response
}

/// The outcome of work, or `None` when it is not finished by then. Late work is dropped with everything it holds, and is not
/// polled again, even when its thread was busy at that moment.
async fn until<F: Future>(then: Instant, work: F) -> Option<F::Output> {
    let mut work = std::pin::pin!(work);
    let work = poll_fn(|context| match Instant::now() < then {
        true => work.as_mut().poll(context),
        false => Poll::Pending,
    });
    timeout_at(then, work).await.ok()
}

/// Does work on another thread, so that the thread that answers can stop waiting for it. `None` when the runtime is ending.
async fn apart<F>(work: F) -> Option<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await.ok()
}

/// API Gateway's id of the request, which its access log has; a new one outside it.
fn request_id(request: &Request) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV1(context)) if context.request_id.is_some() => {
            context.request_id.clone().unwrap_or_default()
        }
        _ => Uuid::now_v7().to_string(),
    }
}

/// The caller's own id of the request, when it is a sane one: kept in the log beside ours, and never instead of it.
fn caller_request_id(request: &Request) -> Option<String> {
    let sane = |id: &&str| {
        (8..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let sent = request.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    sent.filter(sane).map(str::to_owned)
}

/// Writes and logs the problem a response carries; an error that is none of ours becomes one.
fn readable(response: Response, id: &str) -> (Response, Option<crate::Reason>) {
    let foreign = response.status().is_client_error() || response.status().is_server_error();
    let problem = match response.extensions().get::<Arc<Problem>>() {
        Some(problem) => problem.clone(),
        None if foreign && !is_problem(response.headers()) => {
            Arc::new(foreign_problem(response.status()))
        }
        None => return (response, None),
    };
    telemetry::report(&problem, "request");
    let reason = problem.reason();
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
    let mut written =
        (reason.code.status(), kind, problem.document(id).to_string()).into_response();
    if let Some(seconds) = problem.retry_after_s() {
        written.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if reason.code.status() == StatusCode::UNAUTHORIZED {
        written.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    (written, Some(reason))
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

/// An error axum made by itself: a path parameter that is no UUID, a body too large, and so on.
fn foreign_problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(reasons::TOO_LARGE),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(reasons::CONTENT_TYPE),
        status if status.is_client_error() => Problem::new(reasons::INVALID)
            .detail("The path or the body is not what this route takes."),
        status => Problem::internal(anyhow::anyhow!("a bare {status}")),
    }
}

/// Headers every answer has; a handler's own choice of caching stands.
fn with_headers(mut response: Response, id: &str, embeddable: Option<&'static str>) -> Response {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "as-of, etag, layout-verified, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, stale, x-request-id",
        ),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    ];
    if embeddable.is_none() {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, embeddable.unwrap_or(CLOSED)),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses a call that is not an operator's, before anything of it is read.
pub(super) async fn operators_only(
    axum::Extension(access): axum::Extension<Access>,
    request: Request,
    next: Next,
) -> Response {
    match check_operator(access, request.extensions()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
