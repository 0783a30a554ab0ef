//! SendMessageBatch message by message: the emulator forgets the traces of messages sent together.

use anyhow::Result;
use axum::body::Bytes;
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::Proxy;
use crate::web::Answer;

/// Sends each message of a batch and answers as the batch would be answered.
pub(super) async fn send(proxy: &Proxy, parts: &Parts, body: &Bytes) -> Result<Answer> {
    let batch: Value = serde_json::from_slice(body)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    let mut answer = Answer { status: 200, headers: http::HeaderMap::new(), body: Bytes::new() };
    for entry in batch["Entries"].as_array().into_iter().flatten() {
        let mut message = entry.clone();
        message["QueueUrl"] = batch["QueueUrl"].clone();
        let mut request =
            http::Request::post(&*proxy.emulator_url).body(message.to_string().into())?;
        *request.headers_mut() = super::passed_on(&parts.headers);
        request.headers_mut().insert("x-amz-target", "AmazonSQS.SendMessage".parse()?);
        answer = proxy.connections.send(request).await?;
        let mut sent = answer.json().unwrap_or_default();
        if sent["__type"].as_str().is_some_and(|kind| kind.contains("Queue")) {
            // Not the message is wrong: there is no such queue.
            return Ok(answer);
        }
        if answer.status == 200 {
            sent["Id"] = entry["Id"].clone();
            successful.push(sent);
        } else {
            let code = sent["__type"].as_str().unwrap_or("InternalError");
            failed.push(
                json!({ "Id": entry["Id"], "Code": code, "SenderFault": answer.status < 500 }),
            );
        }
    }
    answer.status = 200;
    answer.body = json!({ "Successful": successful, "Failed": failed }).to_string().into();
    Ok(answer)
}
