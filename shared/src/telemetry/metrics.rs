//! Metrics in CloudWatch's embedded format.
//!
//! Format: "Specification: Embedded metric format", Amazon CloudWatch user guide. The service is the
//! only dimension of an invocation's metrics and the system the only one of a call's: each metric
//! and dimension costs money every month, so a tenant is never one.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::measures::Calls;
use crate::clock;

/// The format takes this many values of one metric in a line.
const MOST_VALUES: usize = 100;

/// A metric's name, its unit, and its value or values.
pub(super) type Metric = (&'static str, &'static str, Value);

/// Writes a log line whose metrics have one dimension, which is one of its fields.
pub(super) fn write(
    namespace: &str,
    dimension: &str,
    metrics: Vec<Metric>,
    mut line: Map<String, Value>,
) {
    let names: Vec<_> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directive =
        json!({ "Namespace": namespace, "Dimensions": [[dimension]], "Metrics": names });
    let now = clock::now();
    line.insert("timestamp".into(), json!(now));
    line.insert("level".into(), json!("INFO"));
    line.insert(
        "_aws".into(),
        json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }),
    );
    for (name, _, value) in metrics {
        line.insert(name.into(), value);
    }
    let line = format!("{}\n", Value::Object(line));
    // In one piece: standard output looks for an end of line in whatever is written to it. A log that cannot be written
    // to has no one to tell.
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// Writes what calls to an outside system came to.
pub(super) fn write_calls(
    namespace: &str,
    system: &str,
    calls: &Calls,
    mut line: Map<String, Value>,
) {
    line.insert("message".into(), json!("outside calls"));
    line.insert("system".into(), json!(system));
    let metrics = vec![
        ("Calls", "Count", json!(calls.took_ms.len())),
        ("CallFailures", "Count", json!(calls.failed)),
        ("CallDuration", "Milliseconds", values(&calls.took_ms)),
    ];
    write(namespace, "system", metrics, line);
}

/// The values of a metric that was measured several times.
pub(super) fn values(of: &[f64]) -> Value {
    of.iter().take(MOST_VALUES).copied().map(rounded).collect()
}

/// Milliseconds as people read them: to the microsecond.
pub(super) fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
