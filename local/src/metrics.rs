//! CloudWatch's part: metrics are read out of log lines, here into the emulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lambda::Listener;

/// Metrics are sent together, this long after the first of them.
const GATHER_FOR: Duration = Duration::from_millis(500);
/// PutMetricData takes so many at a time, and so many values of each.
const MOST: usize = 500;
const MOST_VALUES: usize = 150;

/// A metric: its namespace, its name, its unit, and its dimension with the value of that.
type Metric = (String, String, String, Option<(String, String)>);
/// When it was measured, in milliseconds since 1970, and what came of it.
type Measured = (i64, Vec<f64>);

/// A listener that picks metrics out of lines, and what is to be done with them.
pub fn listener() -> (Listener, UnboundedReceiver<(Metric, Measured)>) {
    let (sender, receiver) = unbounded_channel();
    (Arc::new(move |_: &str, line: &str| pick(line, &sender)), receiver)
}

fn pick(line: &str, sender: &UnboundedSender<(Metric, Measured)>) {
    // Most lines have none: looked for before the line is taken apart.
    if line.contains("\"_aws\"")
        && let Ok(line) = serde_json::from_str(line)
    {
        // The other end is gone when the cloud stops.
        read(&line).into_iter().for_each(|read| drop(sender.send(read)));
    }
}

/// The metrics of a line in the embedded format, which here has one dimension at most.
fn read(line: &Value) -> Vec<(Metric, Measured)> {
    let at = line["_aws"]["Timestamp"].as_i64().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
        let dimension = directive["Dimensions"][0][0].as_str();
        let dimension = dimension.map(|name| (name.to_owned(), text(&line[name])));
        for metric in directive["Metrics"].as_array().into_iter().flatten() {
            let name = text(&metric["Name"]);
            let values = match &line[&name] {
                Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
                value => value.as_f64().into_iter().collect(),
            };
            let namespace = text(&directive["Namespace"]);
            let metric = (namespace, name, text(&metric["Unit"]), dimension.clone());
            all.push((metric, (at, values)));
        }
    }
    all
}

/// Sends metrics to CloudWatch until the cloud stops.
pub async fn feed(
    mut receiver: UnboundedReceiver<(Metric, Measured)>,
    client: aws_sdk_cloudwatch::Client,
) {
    while let Some((metric, measured)) = receiver.recv().await {
        tokio::time::sleep(GATHER_FOR).await;
        let mut gathered = BTreeMap::from([(metric, measured)]);
        while let Ok((metric, (at, values))) = receiver.try_recv() {
            gathered.entry(metric).or_insert((at, Vec::new())).1.extend(values);
        }
        for (namespace, data) in data(gathered) {
            for some in data.chunks(MOST) {
                let put = client.put_metric_data().namespace(&namespace);
                if let Err(err) = put.set_metric_data(Some(some.to_vec())).send().await {
                    println!("  metrics were not taken: {err}");
                }
            }
        }
    }
}

fn data(gathered: BTreeMap<Metric, Measured>) -> BTreeMap<String, Vec<MetricDatum>> {
    let mut all: BTreeMap<String, Vec<MetricDatum>> = BTreeMap::new();
    for ((namespace, name, unit, dimension), (at, values)) in gathered {
        let dimension =
            dimension.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let data = values.chunks(MOST_VALUES).map(|values| {
            MetricDatum::builder()
                .metric_name(&name)
                .unit(StandardUnit::from(unit.as_str()))
                .timestamp(DateTime::from_millis(at))
                .set_dimensions(dimension.clone().map(|one| vec![one]))
                .set_values(Some(values.to_vec()))
                .build()
        });
        all.entry(namespace).or_default().extend(data);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_out_of_a_line() {
        let line = serde_json::json!({
            "_aws": { "Timestamp": 1, "CloudWatchMetrics": [{
                "Namespace": "KiteMate", "Dimensions": [["service"]],
                "Metrics": [{ "Name": "Duration", "Unit": "Milliseconds" }, { "Name": "QueryDuration", "Unit": "Milliseconds" }],
            }] },
            "service": "auth", "Duration": 1.5, "QueryDuration": [1.0, 2.0],
        });
        let all = data(read(&line).into_iter().collect());
        let data = &all["KiteMate"];
        assert_eq!(data.len(), 2);
        assert_eq!(data[1].values(), [1.0, 2.0]);
        assert_eq!(data[0].dimensions()[0].value(), Some("auth"));
        assert!(read(&serde_json::json!({ "message": "no metrics" })).is_empty());
    }
}
