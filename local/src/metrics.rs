//! CloudWatch's part: metrics are read out of log lines, here into the emulator.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lambda::Listener;

/// Metrics are sent together, this long after the first of them.
const GATHER_FOR: Duration = Duration::from_millis(500);
/// PutMetricData takes so many at a time.
const MOST: usize = 500;

/// Metrics of one namespace.
type Read = (String, Vec<MetricDatum>);

/// A listener that picks metrics out of lines, and what is to be done with them.
pub fn listener() -> (Listener, UnboundedReceiver<Read>) {
    let (sender, receiver) = unbounded_channel();
    (Arc::new(move |_: &str, line: &str| pick(line, &sender)), receiver)
}

fn pick(line: &str, sender: &UnboundedSender<Read>) {
    // Most lines have none: looked for before the line is taken apart.
    if line.contains("\"_aws\"")
        && let Ok(line) = serde_json::from_str(line)
    {
        // The other end is gone when the cloud stops.
        read(&line).into_iter().for_each(|read| drop(sender.send(read)));
    }
}

/// The metrics of a line in the embedded format.
fn read(line: &Value) -> Vec<Read> {
    let at = line["_aws"]["Timestamp"].as_i64().unwrap_or_default();
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten();
    let metrics = |directive: &Value| {
        let dimensions: Vec<Dimension> = directive["Dimensions"][0]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|name| {
                let value = line[name].as_str().unwrap_or_default();
                Dimension::builder().name(name).value(value).build()
            })
            .collect();
        let datum = |metric: &Value| {
            let (name, unit) = (metric["Name"].as_str()?, metric["Unit"].as_str()?);
            let values = match &line[name] {
                Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
                value => vec![value.as_f64()?],
            };
            Some(
                MetricDatum::builder()
                    .metric_name(name)
                    .unit(StandardUnit::from(unit))
                    .timestamp(DateTime::from_millis(at))
                    .set_dimensions(Some(dimensions.clone()))
                    .set_values(Some(values))
                    .build(),
            )
        };
        let data = directive["Metrics"].as_array().into_iter().flatten().filter_map(datum);
        (directive["Namespace"].as_str().unwrap_or_default().to_owned(), data.collect())
    };
    directives.map(metrics).collect()
}

/// Sends metrics to CloudWatch until the cloud stops.
pub async fn feed(mut receiver: UnboundedReceiver<Read>, client: aws_sdk_cloudwatch::Client) {
    while let Some((namespace, mut data)) = receiver.recv().await {
        tokio::time::sleep(GATHER_FOR).await;
        while data.len() < MOST
            && let Ok((_, more)) = receiver.try_recv()
        {
            data.extend(more);
        }
        let put = client.put_metric_data().namespace(namespace).set_metric_data(Some(data));
        if let Err(err) = put.send().await {
            println!("  metrics were not taken: {err}");
        }
    }
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
        let all = read(&line);
        let (namespace, data) = &all[0];
        assert_eq!((namespace.as_str(), data.len()), ("KiteMate", 2));
        assert_eq!(data[1].values(), [1.0, 2.0]);
        assert_eq!(data[0].dimensions()[0].value(), Some("auth"));
        assert!(read(&serde_json::json!({ "message": "no metrics" })).is_empty());
    }
}
