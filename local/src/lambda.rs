//! Lambda on one machine: the real binaries under the Lambda Runtime API.
//!
//! A function has many processes, each with one event at a time, started when there are more events
//! than idle processes. Protocol: "Using the Lambda runtime API for custom runtimes", AWS Lambda
//! developer guide.

mod process;
mod running;
mod runtime_api;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::builder::Builder;
use crate::doors::{Door, serve};
use crate::record::{Cause, Record};
use crate::template::Function;
pub use process::{Environment, Listener, Listeners};
use running::{Pending, Process, Running, State};

/// Processes one function may have.
const MOST_PROCESSES: usize = 10;
/// Lambda refuses larger events and answers: 6 MB.
pub const MOST_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// What ends the prelude of a stream, its status and headers. ("Invoking a response streaming enabled function using
/// Lambda function URLs": the metadata, eight bytes of zero, the body.)
pub(crate) const PRELUDE_ENDS: [u8; 8] = [0; 8];

/// What came of an invocation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The answer, or the error as Lambda words it.
    pub payload: Bytes,
    /// Whether it is an error.
    pub failed: bool,
}

impl Outcome {
    fn error(kind: &str, message: &str) -> Self {
        let payload = json!({ "errorType": kind, "errorMessage": message }).to_string().into();
        Self { payload, failed: true }
    }
}

/// What a stream has still to say. An error is where it broke off.
pub type Rest = mpsc::Receiver<std::io::Result<Bytes>>;

/// What a process answers: all of it, or how a stream begins, and the rest.
pub(crate) struct Answer {
    /// All of it; of a stream, its status and headers.
    pub(crate) outcome: Outcome,
    /// The body of a stream.
    pub(crate) rest: Option<Rest>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, rest: None }
    }
}

/// All functions of the template.
#[derive(Clone)]
pub struct Lambda(Arc<Inner>);

struct Inner {
    functions: BTreeMap<String, Arc<Running>>,
    builder: Arc<Builder>,
    environment: Environment,
    record: Record,
}

impl Lambda {
    /// Serves the Runtime API for these functions; starts no process yet.
    pub async fn start(
        functions: &[Function],
        builder: Arc<Builder>,
        mut environment: Environment,
        record: Record,
    ) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        environment.runtime_api = listener.local_addr()?.to_string();
        let running = |spec: &Function| {
            let (state, event, started) = (Mutex::default(), Notify::new(), AtomicUsize::new(0));
            (spec.name.clone(), Arc::new(Running { spec: spec.clone(), state, event, started }))
        };
        let functions = functions.iter().map(running).collect();
        let lambda = Self(Arc::new(Inner { functions, builder, environment, record }));
        let router = runtime_api::router(lambda.clone());
        tokio::spawn(serve(listener, Door::Own, router));
        Ok(lambda)
    }

    /// Where the Runtime API listens, as host and port.
    pub fn runtime_api(&self) -> &str {
        &self.0.environment.runtime_api
    }

    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.functions.keys().map(String::as_str)
    }

    /// Whether there is such a function.
    pub fn has(&self, function: &str) -> bool {
        self.0.functions.contains_key(function)
    }

    /// What happened lately.
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// How many processes a function has.
    pub fn processes(&self, function: &str) -> usize {
        self.0.functions.get(function).map_or(0, |running| running.state().processes.len())
    }

    /// Ends a function's processes, each after the event it has; a later event starts new ones.
    pub fn replace(&self, function: &str) {
        let Some(running) = self.0.functions.get(function) else { return };
        let mut state = running.state();
        let in_flight = state.in_flight.values().map(|(process, _)| *process);
        let busy: BTreeSet<u64> = in_flight.chain(state.streaming.iter().copied()).collect();
        state.idle.retain(|process| busy.contains(process));
        state.leaving.extend(busy.iter().copied());
        let before = state.processes.len();
        state.processes.retain(|number, process| busy.contains(number) || !process.asked);
        // One that is starting would have the old code too.
        let starting: Vec<u64> = state
            .processes
            .iter()
            .filter(|(_, one)| !one.asked)
            .map(|(number, _)| *number)
            .collect();
        state.leaving.extend(starting);
        drop(state);
        if before > 0 {
            running.event.notify_waiters();
        }
    }

    /// Gives a function an event of nobody in particular.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        self.call(function, payload, Cause::new(crate::record::Kind::Direct, "")).await
    }

    /// Gives a function an event and waits for what comes of it, at most as long as its timeout; it
    /// goes on to its end when nobody waits any more. Of a stream, the whole.
    pub async fn call(&self, function: &str, payload: Bytes, cause: Cause) -> Outcome {
        let Answer { mut outcome, rest } = self.answer(function, payload, cause).await;
        if let Some(mut rest) = rest {
            let mut whole = [outcome.payload.as_ref(), &PRELUDE_ENDS].concat();
            while let Some(more) = rest.recv().await {
                match more {
                    Ok(more) => whole.extend_from_slice(&more),
                    Err(err) => return Outcome::error("Runtime.ExitError", &err.to_string()),
                }
            }
            outcome.payload = whole.into();
        }
        outcome
    }

    /// The same without waiting for the whole of a stream.
    pub(crate) async fn answer(&self, function: &str, payload: Bytes, cause: Cause) -> Answer {
        let Some(running) = self.0.functions.get(function).cloned() else {
            let message = "there is no such function in template.yaml";
            return Outcome::error("ResourceNotFoundException", message).into();
        };
        let lambda = self.clone();
        let serving = tokio::spawn(async move { lambda.serve(&running, payload, cause).await });
        let lost = |_| Outcome::error("Local.Stopped", "the local cloud is stopping").into();
        serving.await.unwrap_or_else(lost)
    }

    async fn serve(&self, running: &Arc<Running>, payload: Bytes, cause: Cause) -> Answer {
        let (answer, outcome) = oneshot::channel();
        let (id, trace) = (Uuid::now_v7().to_string(), cause.header());
        let asked_us = epoch_us();
        let pending = Pending { id: id.clone(), payload, cause, trace, asked_us, answer };
        self.0.record.asked(pending.recorded(&running.spec.name), &pending.payload);
        let answer = self.outcome(running, pending, outcome).await;
        // A stream ends when its last byte is there.
        if answer.rest.is_none() {
            self.0.record.ended(&id, &answer.outcome);
        }
        answer
    }

    async fn outcome(
        &self,
        running: &Arc<Running>,
        pending: Pending,
        outcome: oneshot::Receiver<Answer>,
    ) -> Answer {
        if pending.payload.len() > MOST_PAYLOAD_BYTES {
            let message = "the event is larger than 6 MB";
            return Outcome::error("RequestEntityTooLargeException", message).into();
        }
        if let Err(err) = self.0.builder.ready(&running.spec.name).await {
            return Outcome::error("Local.BuildFailed", &format!("{err:#}")).into();
        }
        let id = pending.id.clone();
        if !self.give(running, pending) {
            return Outcome::error("TooManyRequestsException", "Rate Exceeded.").into();
        }
        let timeout = running.spec.timeout;
        match tokio::time::timeout(timeout + START_ALLOWANCE, outcome).await {
            Ok(Ok(answer)) if answer.outcome.payload.len() > MOST_PAYLOAD_BYTES => {
                let message = "the answer is larger than 6 MB";
                Outcome::error("Function.ResponseSizeTooLarge", message).into()
            }
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Outcome::error("Runtime.ExitError", "the function was stopped").into(),
            Err(_) => {
                self.abandon(running, &id);
                let message = format!("Task timed out after {}.00 seconds", timeout.as_secs());
                Outcome::error("Sandbox.Timedout", &message).into()
            }
        }
    }

    /// Stops every process; a later event starts new ones.
    pub fn stop(&self) {
        for running in self.0.functions.values() {
            let mut state = running.state();
            state.processes.clear();
            state.idle.clear();
            state.starting = 0;
        }
    }

    /// Whether the function takes it: one with reserved concurrency has so many places and no more.
    fn give(&self, running: &Arc<Running>, pending: Pending) -> bool {
        let mut state = running.state();
        let free = state.idle.len() + state.starting;
        let taken = state.processes.len().saturating_sub(free) + state.pending.len();
        if running.spec.reserved.is_some_and(|places| taken >= places) {
            return false;
        }
        state.pending.push_back(pending);
        self.refill(running, &mut state);
        drop(state);
        running.event.notify_waiters();
        true
    }

    /// Starts processes for the events that no process is free for.
    fn refill(&self, running: &Arc<Running>, state: &mut State) {
        let most = running.spec.reserved.unwrap_or(MOST_PROCESSES);
        while state.pending.len() > state.idle.len() + state.starting
            && state.processes.len() < most
        {
            self.start_process(running, state);
        }
    }

    fn start_process(&self, running: &Arc<Running>, state: &mut State) {
        let number = running.started.fetch_add(1, Ordering::Relaxed) as u64;
        let (stop, stopped) = oneshot::channel();
        state.starting += 1;
        let process = Process { _stop: stop, started_us: epoch_us(), init_us: None, asked: false };
        state.processes.insert(number, process);
        let (running, lambda) = (running.clone(), self.clone());
        tokio::spawn(async move {
            let environment = &lambda.0.environment;
            let ended = process::run(&running.spec, number, environment, stopped).await;
            running.process_ended(number, &ended);
            lambda.refill(&running, &mut running.state());
        });
    }

    /// A timed-out event: its process is stopped, as Lambda does, because it may be in any state.
    fn abandon(&self, running: &Arc<Running>, id: &str) {
        let mut state = running.state();
        state.pending.retain(|pending| pending.id != id);
        if let Some((process, _)) = state.in_flight.remove(id) {
            state.processes.remove(&process);
            state.idle.remove(&process);
            self.refill(running, &mut state);
        }
    }
}

/// A debug binary may take this long to start on top of the event's time.
const START_ALLOWANCE: Duration = Duration::from_secs(5);

/// This moment.
pub fn now() -> Timestamp {
    Timestamp::from_microsecond(i64::try_from(epoch_us()).unwrap_or_default()).unwrap_or_default()
}

/// Milliseconds since 1970.
pub fn epoch_ms() -> u64 {
    epoch_us() / 1000
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "an edge: deadlines are times of day")]
pub fn epoch_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
