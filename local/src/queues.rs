//! Queues as event sources: long polling, partial batch failures, retries.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::iam::{Permissions, RequestContext};
use crate::lambda::Lambda;
use crate::record::{Cause, Kind};
use crate::resources::Aws;
use crate::template::{ACCOUNT, Function, QueueTrigger, REGION};

/// A failed message is tried again after this many seconds, where AWS waits out the queue's whole
/// visibility timeout: a poison message reaches its dead letters while you watch.
const TRY_AGAIN_AFTER_S: i32 = 1;

/// Polls a queue for its function until it is aborted.
pub async fn poll(
    function: Function,
    trigger: QueueTrigger,
    url: String,
    aws: Aws,
    lambda: Lambda,
    permissions: Permissions,
) {
    // Lambda polls with the rights of the function.
    let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", trigger.queue);
    for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
        if permissions.ask(&function.name, action, &arn, &RequestContext::new()).is_err() {
            return;
        }
    }
    loop {
        if let Err(err) = once(&function.name, &trigger, &url, &aws, &lambda).await {
            println!("  queue {}: {err:#}", trigger.queue);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn once(
    function: &str,
    trigger: &QueueTrigger,
    url: &str,
    aws: &Aws,
    lambda: &Lambda,
) -> Result<()> {
    let received = aws
        .sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(trigger.batch.min(10))
        .wait_time_seconds(10)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await?;
    let messages = received.messages.unwrap_or_default();
    if messages.is_empty() {
        return Ok(());
    }
    let event = json!({ "Records": messages.iter().map(|message| record(message, &trigger.queue)).collect::<Vec<_>>() });
    let cause = cause(&messages, &trigger.queue);
    let outcome = lambda.call(function, Bytes::from(event.to_string()), cause).await;
    let answer: Value = serde_json::from_slice(&outcome.payload).unwrap_or_default();
    if outcome.failed {
        println!("  {function} failed: {}", answer["errorMessage"].as_str().unwrap_or_default());
    }
    let failures: Vec<&str> = answer["batchItemFailures"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|failure| failure["itemIdentifier"].as_str())
        .collect();
    settle(&messages, url, aws, |id| outcome.failed || failures.contains(&id)).await
}

/// Messages as what an invocation came from: their traces, and when the oldest was sent.
fn cause(messages: &[Message], queue: &str) -> Cause {
    let attribute = |message: &Message, name| message.attributes()?.get(&name).cloned();
    let mut cause = Cause::new(Kind::Queue, queue);
    let traces: BTreeSet<String> = messages
        .iter()
        .filter_map(|message| attribute(message, MessageSystemAttributeName::AwsTraceHeader))
        .collect();
    if !traces.is_empty() {
        cause.traces = traces.into_iter().collect();
    }
    let sent = messages.iter().filter_map(|message| {
        attribute(message, MessageSystemAttributeName::SentTimestamp)?.parse::<u64>().ok()
    });
    cause.since_us = sent.min().map(|ms| ms * 1000);
    cause
}

/// Deletes what was handled and shows the rest again soon.
async fn settle(
    messages: &[Message],
    url: &str,
    aws: &Aws,
    failed: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut handled = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let receipt = message.receipt_handle().unwrap_or_default();
        if failed(message.message_id().unwrap_or_default()) {
            let hide = aws.sqs.change_message_visibility().queue_url(url).receipt_handle(receipt);
            hide.visibility_timeout(TRY_AGAIN_AFTER_S).send().await?;
        } else {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt);
            handled.push(entry.build()?);
        }
    }
    if !handled.is_empty() {
        aws.sqs.delete_message_batch().queue_url(url).set_entries(Some(handled)).send().await?;
    }
    Ok(())
}

/// A message as its function gets it: "Using Lambda with Amazon SQS", AWS Lambda developer guide.
fn record(message: &Message, queue: &str) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), Value::String(value.clone())))
        .collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    })
}
