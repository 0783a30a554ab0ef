//! One invocation, from its first line to its last.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Map, Value, json};
use tracing::{Instrument, Span};

use super::measures::{Done, Measures, within_trace};
use super::metrics::{Metric, rounded, values, write, write_calls};
use crate::Config;
use crate::problem::{Code, Reason};

/// The invocations of a process.
pub struct Invocations {
    function: String,
    service: String,
    namespace: String,
    cold: AtomicBool,
}

/// What an invocation is known by when it begins.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// The id its caller knows it by.
    pub request_id: String,
    /// Lambda's own id of it.
    pub aws_request_id: String,
    /// The X-Ray header it came with.
    pub trace: Option<String>,
}

impl Begun {
    /// An invocation that only Lambda knows.
    pub fn of(context: &lambda_runtime::Context) -> Self {
        Self {
            request_id: context.request_id.clone(),
            aws_request_id: context.request_id.clone(),
            trace: context.xray_trace_id.clone(),
        }
    }

    /// The trace's own id: what X-Ray's header calls its root.
    fn trace_id(&self) -> Option<&str> {
        self.trace.as_deref()?.split(';').find_map(|part| part.trim().strip_prefix("Root="))
    }
}

/// One invocation.
pub struct Invocation {
    begun: Begun,
    function: String,
    service: String,
    namespace: String,
    span: Span,
    measures: Measures,
    cold: bool,
    began: Instant,
}

impl Invocations {
    /// The next one is the cold one.
    pub fn new(config: &Config) -> Self {
        Self {
            function: config.function().into(),
            service: config.service().into(),
            namespace: config.metrics_namespace().into(),
            cold: AtomicBool::new(true),
        }
    }

    /// Begins an invocation; every line inside it carries what it is known by.
    pub fn begin(&self, begun: Begun) -> Invocation {
        let span = tracing::info_span!(
            "invocation",
            request_id = begun.request_id,
            aws_request_id = begun.aws_request_id,
            trace_id = begun.trace_id(),
            function = self.function,
            workspace = tracing::field::Empty,
        );
        Invocation {
            begun,
            function: self.function.clone(),
            service: self.service.clone(),
            namespace: self.namespace.clone(),
            span,
            measures: Measures::default(),
            cold: self.cold.swap(false, Ordering::Relaxed),
            began: Instant::now(),
        }
    }
}

impl Invocation {
    /// Does the invocation's work: its lines are marked, its round trips and calls counted.
    pub async fn during<F: Future>(&self, work: F) -> F::Output {
        let measured = self.measures.during(work);
        within_trace(self.begun.trace.as_deref(), measured).instrument(self.span.clone()).await
    }

    /// The same for work that waits for nothing.
    pub fn while_in<T>(&self, work: impl FnOnce() -> T) -> T {
        self.measures.while_in(|| self.span.in_scope(work))
    }

    /// Writes the invocation's line, with its metrics in it.
    pub fn end(self, refusal: Option<Reason>) {
        let failed =
            refusal.is_some_and(|reason| matches!(reason.code, Code::Internal | Code::Unavailable));
        let refused = refusal.is_some() && !failed;
        self.finish(refusal, u32::from(failed), u32::from(refused));
    }

    /// The same for work that nobody waits for, where every refusal is a failure of ours.
    pub fn end_unattended(self, reason: Option<Reason>, failures: usize) {
        self.finish(reason, u32::try_from(failures).unwrap_or(u32::MAX), 0);
    }

    fn finish(self, refusal: Option<Reason>, failures: u32, refusals: u32) {
        let took_ms = rounded(self.began.elapsed().as_secs_f64() * 1000.0);
        let done = self.measures.done();
        for (system, calls) in &done.calls {
            write_calls(&self.namespace, system, calls, self.known_by());
        }
        let mut line = self.known_by();
        let fields = [
            ("message", json!("invocation ended")),
            ("service", json!(self.service)),
            ("workspace", json!(done.workspace)),
            ("cold", json!(self.cold)),
            ("outcome", json!(refusal.map_or("ok", |reason| reason.code.name()))),
            ("reason", json!(refusal.map(|reason| reason.name))),
            ("duration_ms", json!(took_ms)),
            ("round_trips", json!(done.round_trips_ms.len())),
            ("database_ms", json!(rounded(done.round_trips_ms.iter().sum()))),
        ];
        line.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        write(&self.namespace, "service", self.metrics((failures, refusals), took_ms, &done), line);
    }

    fn known_by(&self) -> Map<String, Value> {
        let fields = [
            ("function", json!(self.function)),
            ("request_id", json!(self.begun.request_id)),
            ("aws_request_id", json!(self.begun.aws_request_id)),
            ("trace_id", json!(self.begun.trace_id())),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    fn metrics(&self, (failures, refusals): (u32, u32), took_ms: f64, done: &Done) -> Vec<Metric> {
        let mut metrics = vec![
            ("Duration", "Milliseconds", json!(took_ms)),
            ("Failures", "Count", json!(failures)),
            ("Refusals", "Count", json!(refusals)),
            ("ColdStarts", "Count", json!(u8::from(self.cold))),
        ];
        if !done.round_trips_ms.is_empty() {
            metrics.push(("QueryDuration", "Milliseconds", values(&done.round_trips_ms)));
            metrics.push(("RoundTrips", "Count", json!(done.round_trips_ms.len())));
            metrics.push(("SlowQueries", "Count", json!(done.slow_queries)));
            metrics.push(("Connects", "Count", json!(done.connects)));
        }
        metrics.extend(done.noticed.iter().map(|(metric, times)| (*metric, "Count", json!(times))));
        metrics
    }
}
