//! CloudFormation's side of a migration: what it orders, and how it is told what came of it.
//!
//! Protocol: "Custom resource request types" and "Custom resource response objects", AWS
//! CloudFormation user guide.

use std::time::Duration;

use anyhow::{Result, ensure};
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};
use transport::Client;

/// Longest wait for CloudFormation's mailbox to take an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What CloudFormation orders.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Order {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

impl Order {
    /// Reads an order; `None` when the event is none, because somebody invoked the function by hand.
    pub(super) fn read(event: &Value) -> Option<Self> {
        let order: Self = serde_json::from_value(event.clone()).ok()?;
        // CloudFormation's mailboxes have https; a test's is on this machine.
        let place = &order.response_url;
        (place.starts_with("https://") || place.starts_with("http://127.0.0.1:")).then_some(order)
    }

    /// Whether there is something to do: a stack that is deleted leaves its data alone.
    pub(super) fn migrates(&self) -> bool {
        self.request_type != "Delete"
    }

    /// Says whether it went well. The resource's id never changes, so that nothing is ever replaced.
    pub(super) async fn answer(&self, good: bool) -> Result<()> {
        let answer = json!({
            "Status": if good { "SUCCESS" } else { "FAILED" },
            "Reason": "The log of platform-migrate says what happened.",
            "PhysicalResourceId": "migration",
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
        });
        // The URL is signed for a request without a content type.
        let request = Request::put(&self.response_url);
        let request = request.body(answer.to_string().into())?;
        let answer = tokio::time::timeout(PATIENCE, Client::new(PATIENCE)?.send(request)).await??;
        ensure!(answer.status().is_success(), "CloudFormation answered {}", answer.status());
        Ok(())
    }
}
