//! One invocation, from its first line to its last.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::measures::{Done, Measures};
use super::metrics::{Metric, rounded, write, write_calls};
use crate::Config;
use crate::problem::{Code, Reason};

/// The invocations of a process.
pub struct Invocations {
    function: Arc<Function>,
    cold: AtomicBool,
}

/// Whose invocations they are.
#[derive(Default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) service: String,
    pub(super) namespace: String,
}

/// What an invocation is known by when it begins.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// The id it is known by: API Gateway's of a request, Lambda's of anything else.
    pub request_id: String,
    /// Lambda's own id of it.
    pub aws_request_id: String,
    /// The id that an HTTP caller sent along, beside ours.
    pub caller_request_id: Option<String>,
    /// The X-Ray header it came with.
    pub trace: Option<String>,
}

impl Begun {
    /// An invocation that only Lambda knows.
    pub fn of(context: &lambda_runtime::Context) -> Self {
        Self {
            request_id: context.request_id.clone(),
            aws_request_id: context.request_id.clone(),
            caller_request_id: None,
            trace: context.xray_trace_id.clone(),
        }
    }

    /// The trace's own id: what X-Ray's header calls its root.
    pub(super) fn trace_id(&self) -> Option<&str> {
        self.trace.as_deref()?.split(';').find_map(|part| part.trim().strip_prefix("Root="))
    }
}

/// One invocation.
pub struct Invocation {
    known: Arc<Measures>,
    cold: bool,
    began: Instant,
    /// When it began to answer, of one that streams.
    answers: Option<Instant>,
}

impl Invocations {
    /// The next one is the cold one.
    pub fn new(config: &Config) -> Self {
        let function = Function {
            name: config.function().into(),
            service: config.service().into(),
            namespace: config.metrics_namespace().into(),
        };
        Self { function: Arc::new(function), cold: AtomicBool::new(true) }
    }

    /// Begins an invocation; every line inside it carries what it is known by.
    pub fn begin(&self, begun: Begun) -> Invocation {
        Invocation {
            known: Measures::new(self.function.clone(), begun),
            cold: self.cold.swap(false, Ordering::Relaxed),
            began: Instant::now(),
            answers: None,
        }
    }
}

impl Invocation {
    /// Does the invocation's work: its lines are marked, its round trips and calls counted.
    pub async fn during<F: Future>(&self, work: F) -> F::Output {
        self.known.during(work).await
    }

    /// The same for work that may be done on another thread.
    pub fn alone_during<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let known = self.known.clone();
        async move { known.during(work).await }
    }

    /// The same for work that waits for nothing.
    pub fn while_in<T>(&self, work: impl FnOnce() -> T) -> T {
        self.known.while_in(work)
    }

    /// Begins to answer what is not worked out yet. Its duration is until now; the rest is told apart.
    pub fn answers(&mut self) {
        self.answers = Some(Instant::now());
    }

    /// Writes the line of a stream whose client left.
    pub fn end_left(self) {
        self.finish("left", None, 0, 0);
    }

    /// Writes the invocation's line, with its metrics in it.
    pub fn end(self, refusal: Option<Reason>) {
        let failed =
            refusal.is_some_and(|reason| matches!(reason.code, Code::Internal | Code::Unavailable));
        let refused = refusal.is_some() && !failed;
        self.finish(outcome(refusal), refusal, usize::from(failed), usize::from(refused));
    }

    /// The same for work that nobody waits for, where every refusal is a failure of ours.
    pub fn end_unattended(self, reason: Option<Reason>, failures: usize) {
        self.finish(outcome(reason), reason, failures, 0);
    }

    fn finish(self, outcome: &str, refusal: Option<Reason>, failures: usize, refusals: usize) {
        let ended = Instant::now();
        let answered = self.answers.unwrap_or(ended);
        let took_ms = rounded((answered - self.began).as_secs_f64() * 1000.0);
        let streamed = self.answers.map(|from| rounded((ended - from).as_secs_f64() * 1000.0));
        let known = &self.known;
        let done = known.done().clone();
        for (system, calls) in &done.calls {
            write_calls(known, system, calls);
        }
        let mut metrics = self.metrics((failures, refusals), took_ms, &done);
        metrics.extend(streamed.map(|ms| Metric::ms("StreamDuration", ms)));
        let service = ("service", known.function.service.as_str());
        write(known, "invocation ended", service, &metrics, |line| {
            line.put("cold", &self.cold);
            line.put("outcome", outcome);
            line.put("reason", &refusal.map(|reason| reason.name));
            line.put("duration_ms", &took_ms);
            if let Some(streamed) = streamed {
                line.put("stream_ms", &streamed);
            }
            line.put("round_trips", &done.round_trips_ms.len());
            line.put("database_ms", &rounded(done.round_trips_ms.iter().sum()));
        });
    }

    fn metrics(
        &self,
        (failures, refusals): (usize, usize),
        took_ms: f64,
        done: &Done,
    ) -> Vec<Metric> {
        let mut metrics = vec![
            Metric::ms("Duration", took_ms),
            Metric::count("Failures", failures),
            Metric::count("Refusals", refusals),
            Metric::count("ColdStarts", self.cold.into()),
        ];
        if !done.round_trips_ms.is_empty() {
            metrics.extend([
                Metric::times("QueryDuration", &done.round_trips_ms),
                Metric::count("RoundTrips", done.round_trips_ms.len()),
                Metric::count("SlowQueries", done.slow_queries),
                Metric::count("Connects", done.connects),
            ]);
        }
        metrics.extend(done.noticed.iter().map(|(metric, times)| Metric::count(metric, *times)));
        metrics
    }
}

/// How an invocation ended: well, or with the class of its refusal.
fn outcome(refusal: Option<Reason>) -> &'static str {
    refusal.map_or("ok", |reason| reason.code.name())
}
