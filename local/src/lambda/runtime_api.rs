//! The Runtime API: where a function's process asks for events and answers them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use uuid::Uuid;

use super::{Lambda, MOST_PAYLOAD_BYTES, Outcome, Pending, Running, epoch_ms};
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

/// Counts a waiting process, also when its connection ends while it waits.
struct Idle(Arc<Running>);

impl Idle {
    fn new(running: &Arc<Running>) -> Self {
        running.state().idle += 1;
        Self(running.clone())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.idle = state.idle.saturating_sub(1);
    }
}

async fn next(
    State(lambda): State<Lambda>,
    Path((function, process)): Path<(String, u64)>,
) -> Response {
    let Some(running) = lambda.0.functions.get(&function).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let idle = Idle::new(&running);
    running.process_asked(process);
    loop {
        let event = running.event.notified();
        if let Some(pending) = take(&running, process) {
            drop(idle);
            return hand_over(&running, pending);
        }
        event.await;
    }
}

/// Takes the oldest event and notes who has it.
fn take(running: &Running, process: u64) -> Option<(String, axum::body::Bytes)> {
    let mut state = running.state();
    // A process that was ended meanwhile gets nothing more.
    if !state.processes.contains_key(&process) {
        return None;
    }
    let Pending { id, payload, answer } = state.pending.pop_front()?;
    state.in_flight.insert(id.clone(), (process, answer));
    if !state.pending.is_empty() {
        running.event.notify_one();
    }
    Some((id, payload))
}

fn hand_over(running: &Running, (id, payload): (String, Bytes)) -> Response {
    let deadline = epoch_ms() + u64::try_from(running.spec.timeout.as_millis()).unwrap_or(u64::MAX);
    let trace = Uuid::new_v4().simple().to_string();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", running.spec.name),
        ),
        ("lambda-runtime-trace-id", format!("Root=1-{}-{};Sampled=0", &trace[..8], &trace[8..])),
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
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    // A streamed answer that broke off says so in its trailers' stead.
    let failed = headers.contains_key("lambda-runtime-function-error-type");
    finish(&lambda, place, Outcome { payload: body, failed })
}

async fn error(State(lambda): State<Lambda>, place: Place, body: Bytes) -> StatusCode {
    finish(&lambda, place, Outcome { payload: body, failed: true })
}

fn finish(lambda: &Lambda, Path((function, _, id)): Place, outcome: Outcome) -> StatusCode {
    let running = lambda.0.functions.get(&function);
    let waiting = running.and_then(|running| running.state().in_flight.remove(&id));
    match waiting {
        Some((_, answer)) => {
            // Whoever waited may have given up; the process does not mind.
            let _ = answer.send(outcome);
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
