//! What one invocation did, gathered while it runs: round trips, connections, calls, workspace.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::TRACE_LINES;
use super::invocation::{Begun, Function};
use crate::clock;

/// A round trip that is waited for longer is counted and named in the log as slow.
const SLOW: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: Arc<Measures>;
    static TRACE: String;
}

/// What is known of one invocation.
pub(super) struct Measures {
    pub(super) function: Arc<Function>,
    pub(super) begun: Begun,
    done: Mutex<Done>,
}

/// What one invocation did.
#[derive(Clone, Default)]
pub(super) struct Done {
    /// Of each round trip to Postgres, in milliseconds.
    pub(super) round_trips_ms: Vec<f64>,
    pub(super) slow_queries: usize,
    pub(super) connects: usize,
    /// Calls by the system they went to.
    pub(super) calls: BTreeMap<String, Calls>,
    /// Security events by their metric.
    pub(super) noticed: BTreeMap<&'static str, usize>,
    pub(super) workspace: Option<Uuid>,
}

/// Calls to one outside system.
#[derive(Clone, Default)]
pub(super) struct Calls {
    pub(super) took_ms: Vec<f64>,
    pub(super) failed: usize,
}

impl Measures {
    pub(super) fn new(function: Arc<Function>, begun: Begun) -> Arc<Self> {
        Arc::new(Self { function, begun, done: Mutex::default() })
    }

    /// Of the invocation that is being worked for, if any is.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(super) fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn during<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        let trace = self.begun.trace.as_deref();
        CURRENT.scope(self.clone(), within_trace(trace, work)).await
    }

    pub(super) fn while_in<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    fn note(change: impl FnOnce(&mut Done)) {
        // Outside an invocation, while a process starts, there is nobody to tell.
        let _ = CURRENT.try_with(|known| change(&mut known.done()));
    }
}

/// The trace of what is being done, as the X-Ray header has it, for whoever is told of it.
pub fn trace() -> Option<String> {
    TRACE.try_with(Clone::clone).ok().filter(|trace| !trace.is_empty())
}

/// Does something as part of a trace.
pub async fn within_trace<F: Future>(trace: Option<&str>, work: F) -> F::Output {
    TRACE.scope(trace.unwrap_or_default().to_owned(), work).await
}

/// The invocation works for this workspace from here on.
pub fn entered(workspace: Uuid) {
    Measures::note(|done| done.workspace = Some(workspace));
}

/// A connection to the database was opened.
pub fn connected(began: Instant) {
    Measures::note(|done| done.connects += 1);
    tracing::info!(target: TRACE_LINES, kind = "connect", start_us = started_us(began), took_us = micros(began.elapsed()), "postgres");
}

/// Statements that travelled together, each with its rows and when its answer was there.
pub struct RoundTrip<'a> {
    /// When they were sent.
    pub began: Instant,
    /// How long something else was worked on while Postgres was: nobody waited for it then.
    pub worked: Duration,
    /// In the order they were sent.
    pub statements: &'a [(&'a str, usize, Instant)],
}

/// A round trip to the database has ended.
pub fn queried(trip: &RoundTrip<'_>) {
    let took = trip.began.elapsed().saturating_sub(trip.worked);
    Measures::note(|done| {
        done.round_trips_ms.push(took.as_secs_f64() * 1000.0);
        done.slow_queries += usize::from(took > SLOW);
    });
    if took > SLOW {
        let last = trip.statements.iter().rev().find(|(sql, ..)| *sql != "commit");
        tracing::warn!(
            took_ms = took.as_secs_f64() * 1000.0,
            statement = last.map(|(sql, ..)| sql),
            "slow query"
        );
    }
    if tracing::enabled!(target: TRACE_LINES, tracing::Level::INFO) {
        let mut began = trip.began;
        for (statement, rows, ended) in trip.statements {
            let took_us = micros(ended.duration_since(began));
            tracing::info!(target: TRACE_LINES, kind = "sql", start_us = started_us(began), took_us, rows, "{statement}");
            began = *ended;
        }
    }
}

/// A call to another system has ended.
pub(super) fn called(system: &str, operation: &str, began: Instant, status: Option<u16>) {
    let took = began.elapsed();
    // A refusal is an answer: a conditional update that does not hold is one of these.
    let failed = status.is_none_or(|status| status >= 500 || status == 429);
    Measures::note(|done| {
        let calls = done.calls.entry(system.to_owned()).or_default();
        calls.took_ms.push(took.as_secs_f64() * 1000.0);
        calls.failed += usize::from(failed);
    });
    tracing::info!(target: TRACE_LINES, kind = "call", start_us = started_us(began), took_us = micros(took), status, "{system} {operation}");
}

/// A security event, by the metric that counts it.
pub(super) fn noticed(metric: &'static str) {
    Measures::note(|done| *done.noticed.entry(metric).or_default() += 1);
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// When something began, in microseconds since 1970.
fn started_us(began: Instant) -> i64 {
    clock::now().as_microsecond() - micros(began.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_trip_is_slow_by_what_was_waited_for_and_not_by_what_was_done_meanwhile() {
        let long_ago = Instant::now().checked_sub(SLOW * 3).unwrap();
        for (worked, slow) in [(Duration::ZERO, 1), (SLOW * 3, 0)] {
            let known = Measures::new(Arc::default(), Begun::default());
            let trip = RoundTrip { began: long_ago, worked, statements: &[] };
            known.during(async { queried(&trip) }).await;
            assert_eq!(known.done().slow_queries, slow, "{worked:?}");
        }
    }
}
