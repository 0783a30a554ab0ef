//! The Runtime API: where a function's process asks for events and answers them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::running::{Pending, Running};
use super::{Answer, Lambda, MOST_PAYLOAD_BYTES, Outcome, PRELUDE_ENDS, epoch_ms};
use crate::template::{ACCOUNT, REGION};

/// Each process has a path of its own, so that it is known who asks.
pub(super) fn router(lambda: Lambda) -> Router {
    let base = "/{function}/{process}/2018-06-01/runtime";
    Router::new()
        .route(&format!("{base}/invocation/next"), get(next))
        .route(&format!("{base}/invocation/{{id}}/response"), post(response))
        .route(&format!("{base}/invocation/{{id}}/error"), post(error))
        .route(&format!("{base}/init/error"), post(init_error))
        // One more than is allowed, so that a larger answer is seen to be one.
        .layer(DefaultBodyLimit::max(2 * MOST_PAYLOAD_BYTES))
        .with_state(lambda)
}

/// Notes a waiting process, until it has an event or its connection ends.
struct Idle(Arc<Running>, u64);

impl Idle {
    fn new(running: &Arc<Running>, process: u64) -> Self {
        running.state().idle.insert(process);
        Self(running.clone(), process)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.state().idle.remove(&self.1);
    }
}

async fn next(
    State(lambda): State<Lambda>,
    Path((function, process)): Path<(String, u64)>,
) -> Response {
    let Some(running) = lambda.0.functions.get(&function).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    running.process_asked(process);
    let idle = Idle::new(&running, process);
    loop {
        let event = running.event.notified();
        match take(&lambda, &running, process) {
            Taken::Event(id, payload, trace) => {
                drop(idle);
                return hand_over(&running, (id, payload, trace));
            }
            Taken::Nothing => event.await,
            Taken::Ended => return StatusCode::GONE.into_response(),
        }
    }
}

/// What there is for a process.
enum Taken {
    /// Its id, itself, and the trace it belongs to.
    Event(String, Bytes, String),
    Nothing,
    /// It was ended meanwhile and gets nothing more.
    Ended,
}

/// Takes the oldest event and notes who has it.
fn take(lambda: &Lambda, running: &Arc<Running>, process: u64) -> Taken {
    let mut state = running.state();
    if state.leaving.remove(&process) {
        state.processes.remove(&process);
        state.idle.remove(&process);
        // What waits may have been counted on this process.
        lambda.refill(running, &mut state);
    }
    if !state.processes.contains_key(&process) {
        return Taken::Ended;
    }
    let Some(pending) = state.pending.pop_front() else { return Taken::Nothing };
    let init_us = state.processes.get_mut(&process).and_then(|one| one.init_us.take());
    state.idle.remove(&process);
    lambda.0.record.given(&pending.id, process, init_us);
    let Pending { id, payload, trace, answer, .. } = pending;
    state.in_flight.insert(id.clone(), (process, answer));
    Taken::Event(id, payload, trace)
}

fn hand_over(running: &Running, (id, payload, trace): (String, Bytes, String)) -> Response {
    let deadline = epoch_ms() + u64::try_from(running.spec.timeout.as_millis()).unwrap_or(u64::MAX);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", running.spec.name),
        ),
        ("lambda-runtime-trace-id", trace),
    ];
    let mut response = payload.into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

type Place = Path<(String, u64, String)>;

async fn response(
    State(lambda): State<Lambda>,
    place: Place,
    request: Request,
) -> Result<StatusCode, BytesRejection> {
    let mode = request.headers().get("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode == "streaming") {
        return Ok(stream(&lambda, place, request.into_body()).await);
    }
    let failed = request.headers().contains_key("lambda-runtime-function-error-type");
    let payload = Bytes::from_request(request, &()).await?;
    Ok(finish(&lambda, place, Outcome { payload, failed }))
}

/// What precedes the body of a stream may be as large as this.
const MOST_PRELUDE_BYTES: usize = 64 * 1024;

/// Hands a stream on while it comes. Its process asks for no other event until it has ended.
async fn stream(lambda: &Lambda, place: Place, body: Body) -> StatusCode {
    let Path((function, process, id)) = &place;
    let Some(running) = lambda.0.functions.get(function).cloned() else {
        return StatusCode::NOT_FOUND;
    };
    let (process, id) = (*process, id.clone());
    let mut body = body.into_data_stream();
    let Some((prelude, first)) = prelude(&mut body).await else {
        let message = "the stream ended before its body began";
        return finish(lambda, place, Outcome::error("Runtime.TruncatedResponse", message));
    };
    let (out, rest) = mpsc::channel(16);
    let whole = Outcome { payload: prelude, failed: false };
    let Some(answer) = running.begins_to_stream(&id, process) else {
        return StatusCode::BAD_REQUEST;
    };
    lambda.0.record.begins_to_answer(&id);
    // Whoever waited may have given up; the process does not mind.
    let _ = answer.send(Answer { outcome: whole.clone(), rest: Some(rest) });
    let handed_on = async {
        // Nobody tells a function that its client left: what it sends is read to its end all the same.
        let _ = out.send(Ok(first)).await;
        while let Some(more) = body.next().await {
            let more = more.map_err(|err| err.to_string());
            let _ = out.send(more.clone().map_err(std::io::Error::other)).await;
            more?;
        }
        Ok::<_, String>(())
    };
    let outcome = match tokio::time::timeout(running.spec.timeout, handed_on).await {
        Ok(Ok(())) => whole,
        Ok(Err(why)) => Outcome::error("Runtime.ExitError", &why),
        Err(_) => {
            running.end_process(process);
            // The client may be far behind, or read no more; the process has ended all the same.
            let broken = std::io::Error::other("the function timed out");
            tokio::spawn(async move { out.send(Err(broken)).await });
            Outcome::error("Sandbox.Timedout", "the stream went on for too long")
        }
    };
    running.state().streaming.remove(&process);
    lambda.0.record.ended(&id, &outcome);
    StatusCode::ACCEPTED
}

/// The status and headers of a stream as JSON, and what came of its body with them.
async fn prelude(body: &mut BodyDataStream) -> Option<(Bytes, Bytes)> {
    let mut head = Vec::new();
    loop {
        let found = head.windows(PRELUDE_ENDS.len()).position(|bytes| *bytes == PRELUDE_ENDS);
        if let Some(at) = found {
            let rest = head.split_off(at + PRELUDE_ENDS.len());
            head.truncate(at);
            return Some((head.into(), rest.into()));
        }
        if head.len() > MOST_PRELUDE_BYTES {
            return None;
        }
        head.extend_from_slice(&body.next().await?.ok()?);
    }
}

async fn error(State(lambda): State<Lambda>, place: Place, body: Bytes) -> StatusCode {
    finish(&lambda, place, Outcome { payload: body, failed: true })
}

fn finish(
    lambda: &Lambda,
    Path((function, _, id)): Place,
    answered: impl Into<Answer>,
) -> StatusCode {
    let running = lambda.0.functions.get(&function);
    let waiting = running.and_then(|running| running.state().in_flight.remove(&id));
    match waiting {
        Some((_, answer)) => {
            // Whoever waited may have given up; the process does not mind.
            let _ = answer.send(answered.into());
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

/// The process says why it cannot start, and then ends; its end tells those who wait.
async fn init_error(Path((function, _)): Path<(String, u64)>, body: Bytes) -> StatusCode {
    println!("  {function} could not start: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}
