//! Logs, metrics, traces and panics: one JSON line per invocation, whatever happened in it.
//!
//! The invocation's line is at once what people search and what CloudWatch makes metrics of. What
//! happened inside (each statement, each call to another system) is measured as it happens and
//! logged one by one only where `LOG_LEVEL` has `trace=debug`, as in the local cloud.

mod invocation;
mod measures;
mod metrics;
mod outside;

use std::future::Future;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::problem::Code;
use crate::{Config, Outcome, Problem};
pub use invocation::{Begun, Invocation, Invocations};
pub use measures::{RoundTrip, connected, entered, queried, trace, within_trace};
pub use outside::{OutsideCall, watched};

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
    // `info,trace=debug` and its like; without the regular expressions of an EnvFilter, which every
    // binary would carry.
    let filter = level.parse().unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let lines = lines.with_target(false).with_filter(filter);
    // A second call, in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Logs a problem once: our failures with their cause at error, refusals at info.
pub fn report(problem: &Problem, subject: &str) {
    let reason = problem.reason();
    if let Some(metric) = reason.watched_as {
        measures::noticed(metric);
    }
    let cause = problem.cause().map(|cause| format!("{cause:#}"));
    match reason.code {
        Code::Internal | Code::Unavailable => {
            tracing::error!(subject, reason = reason.name, cause, "failed");
        }
        code => {
            tracing::info!(subject, code = code.name(), reason = reason.name, cause, "refused");
        }
    }
}

/// What a caught panic becomes; where it happened is in the line before.
pub fn panicked() -> Problem {
    Problem::internal(anyhow::anyhow!("the handler panicked"))
}
