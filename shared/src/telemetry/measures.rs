//! What one invocation did, gathered while it runs: round trips, connections, calls, workspace.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::TRACE_LINES;
use crate::clock;

/// A round trip that is waited for longer is counted and named in the log as slow.
const SLOW: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: Measures;
    static TRACE: String;
}

/// What one invocation did so far, cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Measures(Arc<Mutex<Done>>);

/// What one invocation did.
#[derive(Clone, Default)]
pub(super) struct Done {
    /// Of each round trip to Postgres, in milliseconds.
    pub(super) round_trips_ms: Vec<f64>,
    pub(super) slow_queries: u32,
    pub(super) connects: u32,
    /// Calls by the system they went to.
    pub(super) calls: BTreeMap<String, Calls>,
    /// Security events by their metric.
    pub(super) noticed: BTreeMap<&'static str, u32>,
    pub(super) workspace: Option<Uuid>,
}

/// Calls to one outside system.
#[derive(Clone, Default)]
pub(super) struct Calls {
    pub(super) took_ms: Vec<f64>,
    pub(super) failed: u32,
}

impl Measures {
    pub(super) fn done(&self) -> Done {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn during<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    pub(super) fn while_in<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    fn note(change: impl FnOnce(&mut Done)) {
        // Outside an invocation, while a process starts, there is nobody to tell.
        let _ = CURRENT.try_with(|measures| {
            change(&mut measures.0.lock().unwrap_or_else(PoisonError::into_inner));
        });
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
    tracing::Span::current().record("workspace", tracing::field::display(workspace));
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
        done.slow_queries += u32::from(took > SLOW);
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
        calls.failed += u32::from(failed);
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
            let measures = Measures::default();
            let trip = RoundTrip { began: long_ago, worked, statements: &[] };
            measures.during(async { queried(&trip) }).await;
            assert_eq!(measures.done().slow_queries, slow, "{worked:?}");
        }
    }
}
