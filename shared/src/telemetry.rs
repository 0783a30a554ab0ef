//! Logs, metrics and panics: one JSON line per invocation, whatever happened in it.

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::json;
use tracing::Span;
use tracing_subscriber::EnvFilter;

use crate::problem::{Code, Reason};
use crate::{Config, Db, Outcome, Problem, clock};

/// Sets up logging and runs a function on one thread, as Lambda gives it one request at a time.
pub fn run(function: impl Future<Output = Outcome>) -> Outcome {
    start_logging(&Config::from_environment());
    // A panic's message can quote what was being read; where it happened is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panicked");
    }));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(function)
}

/// JSON lines on standard output; `LOG_LEVEL` chooses how much, `info` unless it says otherwise.
pub fn start_logging(config: &Config) {
    let level = config.find("LOG_LEVEL").unwrap_or("info");
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(filter);
    // A second call, in a test, keeps the first.
    let _ = lines.with_target(false).try_init();
}

/// The invocations of a process.
pub struct Invocations {
    function: String,
    service: String,
    cold: AtomicBool,
}

/// One invocation, from its first line to its last.
pub struct Invocation {
    span: Span,
    service: String,
    cold: bool,
    began: Instant,
    round_trips_before: u64,
}

impl Invocations {
    /// The next one is the cold one.
    pub fn new(config: &Config) -> Self {
        Self {
            function: config.function().into(),
            service: config.service().into(),
            cold: AtomicBool::new(true),
        }
    }

    /// Begins an invocation; every line inside its span carries these fields.
    pub fn begin(&self, request_id: &str, db: &Db) -> Invocation {
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let span = tracing::info_span!(
            "invocation",
            request_id,
            function = self.function,
            cold,
            workspace = tracing::field::Empty,
        );
        let service = self.service.clone();
        Invocation {
            span,
            service,
            cold,
            began: Instant::now(),
            round_trips_before: db.round_trips(),
        }
    }
}

impl Invocation {
    /// The span to do the work in.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The invocation's line, and its metrics with the service as their only dimension.
    pub fn end(self, refusal: Option<Reason>, db: &Db) {
        let ms = self.began.elapsed().as_secs_f64() * 1000.0;
        let outcome = refusal.map_or("ok", |reason| reason.code.name());
        self.span.in_scope(|| {
            tracing::info!(
                outcome,
                reason = refusal.map(|reason| reason.name),
                duration_ms = (ms * 1000.0).round() / 1000.0,
                round_trips = db.round_trips() - self.round_trips_before,
                "invocation ended"
            );
        });
        let failed =
            refusal.is_some_and(|reason| matches!(reason.code, Code::Internal | Code::Unavailable));
        let metrics = [
            ("Duration", "Milliseconds", ms),
            ("Failures", "Count", f64::from(u8::from(failed))),
            ("Refusals", "Count", f64::from(u8::from(refusal.is_some() && !failed))),
            ("ColdStarts", "Count", f64::from(u8::from(self.cold))),
        ];
        emit(&self.service, &metrics);
    }
}

/// Writes metrics in CloudWatch's embedded format.
///
/// Format: "Specification: Embedded metric format", Amazon CloudWatch user guide.
pub fn emit(service: &str, metrics: &[(&str, &str, f64)]) {
    let names: Vec<_> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directive =
        json!({ "Namespace": "KiteMate", "Dimensions": [["service"]], "Metrics": names });
    let about =
        json!({ "Timestamp": clock::now().as_millisecond(), "CloudWatchMetrics": [directive] });
    let mut line = json!({ "_aws": about, "service": service });
    for (name, _, value) in metrics {
        line[*name] = json!(value);
    }
    // A log that cannot be written to has no one to tell.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Logs a problem once: our failures with their cause at error, refusals at info.
pub fn report(problem: &Problem, subject: &str) {
    let reason = problem.reason();
    match (reason.code, problem.cause()) {
        (Code::Internal | Code::Unavailable, cause) => tracing::error!(
            subject,
            reason = reason.name,
            cause = cause.map(|cause| format!("{cause:#}")),
            "failed"
        ),
        (_, cause) => {
            let cause = cause.map(|cause| format!("{cause:#}"));
            tracing::info!(
                subject,
                code = reason.code.name(),
                reason = reason.name,
                cause,
                "refused"
            );
        }
    }
}

/// What a caught panic becomes; where it happened is in the line before.
pub fn panicked() -> Problem {
    Problem::internal(anyhow::anyhow!("the handler panicked"))
}
