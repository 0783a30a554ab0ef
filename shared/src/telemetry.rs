//! Logs, metrics, traces and panics: one JSON line per invocation, whatever happened in it.
//!
//! The invocation's line is at once what people search and what CloudWatch makes metrics of. What
//! happened inside (each statement, each call to another system) is measured as it happens and
//! logged one by one only where `LOG_LEVEL` is `debug`, or has `trace=debug`, as in the local cloud.
//! Of other debug events a release build has none (`release_max_level_info` of `tracing`).

mod invocation;
mod lines;
mod measures;
mod metrics;
mod outside;

use std::future::Future;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::problem::Code;
use crate::{Config, Outcome, Problem};
pub use invocation::{Begun, Invocation, Invocations};
use lines::Lines;
pub use measures::{RoundTrip, connected, entered, queried, trace, within_trace};
pub use outside::{OutsideCall, watched};

/// What lines of what happened inside an invocation are logged as.
const TRACE_LINES: &str = "trace";

/// Sets up logging and runs a function, with the settings, on one thread, as Lambda gives it one request at a time.
pub fn run<F: Future<Output = Outcome>>(function: impl FnOnce(Config) -> F) -> Outcome {
    crate::reserve_heap();
    let config = Config::from_environment();
    start_logging(&config);
    // A panic's message can quote what was being read; where it happened is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panicked");
    }));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(function(config))
}

/// JSON lines on standard output; `LOG_LEVEL` chooses how much, `info` unless it says otherwise.
pub fn start_logging(config: &Config) {
    let level = config.find("LOG_LEVEL").unwrap_or("info");
    // A second call, in a test, keeps the first.
    let _ = Lines.with(filter(level)).try_init();
}

/// What is logged at a level, `info,trace=debug` and its like; without the regular expressions of an EnvFilter, which
/// every binary would carry.
fn filter(level: &str) -> Targets {
    let asked: Targets = level.parse().unwrap_or_default();
    // A word that is no level is taken for a target, and silence about all others is nobody's wish.
    let asked = asked.clone().with_default(asked.default_level().unwrap_or(LevelFilter::INFO));
    let traced = asked.would_enable(TRACE_LINES, &Level::DEBUG);
    asked.with_target(TRACE_LINES, if traced { LevelFilter::INFO } else { LevelFilter::OFF })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_calls_are_logged_one_by_one_only_where_debug_is_asked_for() {
        for (level, traced) in [
            ("info", false),
            ("warn,shared=debug", false),
            ("no such level", false),
            ("debug", true),
            ("info,trace=debug", true),
        ] {
            let shown = filter(level);
            assert_eq!(shown.would_enable(TRACE_LINES, &Level::INFO), traced, "{level}");
            assert!(shown.would_enable("shared", &Level::WARN), "{level}");
        }
    }

    #[test]
    fn events_are_written_and_spans_are_not() {
        for (level, traced) in [("info", false), ("debug", true)] {
            tracing::subscriber::with_default(Lines.with(filter(level)), || {
                assert!(tracing::event_enabled!(Level::INFO), "{level}");
                assert!(tracing::enabled!(Level::INFO), "{level}");
                let trace = tracing::enabled!(target: TRACE_LINES, Level::INFO);
                assert_eq!(trace, traced, "{level}");
                assert!(tracing::error_span!("a library's").is_disabled(), "{level}");
            });
        }
    }
}
