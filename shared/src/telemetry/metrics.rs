//! Metrics in CloudWatch's embedded format.
//!
//! Format: "Specification: Embedded metric format", Amazon CloudWatch user guide. The service is the
//! only dimension of an invocation's metrics and the system the only one of a call's: each metric
//! and dimension costs money every month, so a tenant is never one.

use serde::Serialize;

use super::lines::{self, Line};
use super::measures::{Calls, Measures};
use crate::clock;

/// The format takes this many values of one metric in a line.
const MOST_VALUES: usize = 100;

/// A metric with its unit and what was measured.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metric {
    name: &'static str,
    unit: &'static str,
    /// A field of the line, by the metric's name.
    #[serde(skip)]
    figure: Figure,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Figure {
    Count(usize),
    Ms(f64),
    Times(Vec<f64>),
}

impl Metric {
    pub(super) fn count(name: &'static str, of: usize) -> Self {
        Self { name, unit: "Count", figure: Figure::Count(of) }
    }

    pub(super) fn ms(name: &'static str, ms: f64) -> Self {
        Self { name, unit: "Milliseconds", figure: Figure::Ms(ms) }
    }

    /// What was measured several times, in milliseconds.
    pub(super) fn times(name: &'static str, ms: &[f64]) -> Self {
        let times = ms.iter().take(MOST_VALUES).copied().map(rounded).collect();
        Self { name, unit: "Milliseconds", figure: Figure::Times(times) }
    }
}

/// What the line says of its metrics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Embedded<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'a str; 1]; 1],
    metrics: &'a [Metric],
}

/// Writes a line of an invocation, whose metrics have one dimension, which is one of its fields.
pub(super) fn write(
    known: &Measures,
    message: &str,
    (dimension, value): (&'static str, &str),
    metrics: &[Metric],
    fields: impl FnOnce(&mut Line<'_>),
) {
    let now = clock::now();
    let namespace = &known.function.namespace;
    let directive = Directive { namespace, dimensions: [[dimension]], metrics };
    let embedded = Embedded { timestamp: now.as_millisecond(), cloud_watch_metrics: [directive] };
    lines::write(now, "INFO", |line| {
        line.put("message", message);
        line.known_by(known);
        line.put(dimension, value);
        fields(line);
        for metric in metrics {
            line.put(metric.name, &metric.figure);
        }
        line.put("_aws", &embedded);
    });
}

/// Writes what calls to an outside system came to.
pub(super) fn write_calls(known: &Measures, system: &str, calls: &Calls) {
    let metrics = [
        Metric::count("Calls", calls.took_ms.len()),
        Metric::count("CallFailures", calls.failed),
        Metric::times("CallDuration", &calls.took_ms),
    ];
    write(known, "outside calls", ("system", system), &metrics, |_| {});
}

/// Milliseconds as people read them: to the microsecond.
pub(super) fn rounded(ms: f64) -> f64 {
    // A sum of nothing is -0.0.
    (ms * 1000.0).round() / 1000.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_at_all_has_no_sign() {
        let rounded_sum = |times: &[f64]| rounded(times.iter().sum()).to_string();
        assert_eq!(rounded_sum(&[]), "0");
        assert_eq!(rounded_sum(&[0.0011, 0.0004]), "0.002");
    }
}
