//! Queue consumers: decode, isolate, and fail only the records that failed.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Entry, Statement, Tenant};
use crate::events::{self, Envelope, Event, Queue};
use crate::problem::reasons;
use crate::telemetry::{self, Begun};
use crate::{App, Code, Outcome, Problem, Reason};

type Handled = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

/// What handles the records of a queue, erased so that a binary compiles nothing generic.
pub struct Consumer {
    handle: Box<dyn Fn(App, String) -> Handled + Send + Sync>,
}

impl Consumer {
    /// Consumes one kind of event.
    pub fn of<E, F>(handler: fn(App, Delivery<E>) -> F) -> Self
    where
        E: Event + Send + 'static,
        F: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        Self::new(move |app, body| match Delivery::read(&body) {
            Ok(delivery) => Box::pin(handler(app, delivery)),
            Err(problem) => Box::pin(std::future::ready(Err(problem))),
        })
    }

    /// Consumes every kind of event that its queue carries.
    pub fn of_any<F>(handler: fn(App, Delivery<Value>) -> F) -> Self
    where
        F: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        Self::new(move |app, body| match Delivery::read_any(&body) {
            Ok(delivery) => Box::pin(handler(app, delivery)),
            Err(problem) => Box::pin(std::future::ready(Err(problem))),
        })
    }

    /// Consumes messages that are not events.
    pub fn new(handle: impl Fn(App, String) -> Handled + Send + Sync + 'static) -> Self {
        Self { handle: Box::new(handle) }
    }
}

/// An event as its consumer gets it.
#[derive(Debug)]
pub struct Delivery<E> {
    /// The event's id.
    pub event_id: Uuid,
    /// The event's name.
    pub name: String,
    /// The workspace it happened in.
    pub workspace_id: Option<Uuid>,
    /// The fact.
    pub event: E,
}

impl<E: Event> Delivery<E> {
    /// Reads a message; the refusal does not quote it.
    pub fn read(message: &str) -> Result<Self, Problem> {
        let undecodable =
            || Problem::internal(anyhow::anyhow!("the message is not a {} event", E::NAME));
        let envelope: Envelope = serde_json::from_str(message).map_err(|_| undecodable())?;
        if envelope.event != E::NAME {
            return Err(undecodable());
        }
        let event = serde_json::from_value(envelope.body).map_err(|_| undecodable())?;
        let Envelope { event_id, event: name, workspace_id, .. } = envelope;
        Ok(Self { event_id, name, workspace_id, event })
    }
}

impl<E: Event> Delivery<E> {
    /// Has the event delivered again after some seconds, as if it had not come yet, with what it is to say then.
    pub async fn postpone(
        &self,
        app: &App,
        (queue, seconds): (Queue, i32),
        event: &E,
    ) -> Result<(), Problem> {
        let again = Envelope::new(self.workspace_id, event)?;
        let again = Envelope { event_id: self.event_id, ..again };
        events::send_later(app, queue, &again, seconds).await
    }
}

impl Delivery<Value> {
    /// Reads a message of any event; the refusal does not quote it.
    pub fn read_any(message: &str) -> Result<Self, Problem> {
        let envelope: Envelope = serde_json::from_str(message)
            .map_err(|_| Problem::internal(anyhow::anyhow!("the message is not an event")))?;
        Ok(Self {
            event_id: envelope.event_id,
            name: envelope.event,
            workspace_id: envelope.workspace_id,
            event: envelope.body,
        })
    }

    /// The fact, when it is of this kind; the refusal does not quote it.
    pub fn fact<E: Event>(&self) -> Result<E, Problem> {
        let undecodable =
            || Problem::internal(anyhow::anyhow!("the message is not a {} event", E::NAME));
        serde_json::from_value(self.event.clone()).map_err(|_| undecodable())
    }
}

impl<E> Delivery<E> {
    /// Enters the event's workspace and claims the event, both in the transaction that follows;
    /// `None` when this consumer has done so before.
    pub async fn enter<const N: usize>(
        &self,
        app: &App,
        first: [Statement<'_>; N],
    ) -> Result<Option<(Tenant, [Vec<Row>; N])>, Problem> {
        let entry = Entry::Event { event: self.event_id, consumer: app.config().function() };
        if let Some(workspace) = self.workspace_id {
            telemetry::entered(workspace);
        }
        let (tenant, rows) = app.db().enter(entry, first).await?;
        if tenant.fresh() {
            return Ok(Some((tenant, rows)));
        }
        tracing::info!(event_id = %self.event_id, "consumed before, nothing to do");
        Ok(None)
    }
}

impl<E> Delivery<E> {
    /// Does something in the event's workspace before it is consumed: it is kept, and done again when the event is
    /// delivered again.
    pub async fn begin<const N: usize>(
        &self,
        app: &App,
        first: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], Problem> {
        let (tenant, rows) = self.open(app, first).await?;
        tenant.commit([]).await?;
        Ok(rows)
    }

    /// Enters the event's workspace without claiming the event: for work in several transactions, which keeps itself how
    /// far it is, and locks that.
    pub async fn open<const N: usize>(
        &self,
        app: &App,
        first: [Statement<'_>; N],
    ) -> Result<(Tenant, [Vec<Row>; N]), Problem> {
        let consumer = format!("{}/begin", app.config().function());
        let entry = Entry::Event { event: self.event_id, consumer: &consumer };
        Ok(app.db().enter(entry, first).await?)
    }
}

/// An SQS event as Lambda delivers it.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

/// What SQS says of a message, as far as it is used.
#[derive(Default, Deserialize)]
struct Attributes {
    /// The trace of whoever sent it.
    #[serde(rename = "AWSTraceHeader")]
    trace: Option<String>,
}

/// Which records are to be delivered again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// What came of a batch.
#[derive(Debug)]
pub struct Delivered {
    /// Which of its records are to be delivered again, as Lambda wants to hear it.
    pub answer: Value,
    /// How many.
    pub failed: usize,
    /// Why: the first failure of our own, else the last refusal.
    pub worst: Option<Reason>,
}

/// Serves a queue: the whole of a consumer's binary.
pub fn consume(consumer: Consumer) -> Outcome {
    telemetry::run(|config| async move {
        let app = App::new(config);
        app.db().warm().await;
        let consumer = Arc::new(consumer);
        let invocations = telemetry::Invocations::new(app.config());
        let handle = service_fn(|event: LambdaEvent<Value>| {
            let (app, consumer) = (app.clone(), consumer.clone());
            let invocation = invocations.begin(Begun::of(&event.context));
            async move {
                let delivered = invocation.during(consumer.deliver(&app, event.payload)).await;
                match delivered {
                    Ok(done) => {
                        invocation.end_unattended(done.worst, done.failed);
                        Ok::<_, lambda_runtime::Error>(done.answer)
                    }
                    Err(err) => {
                        invocation.end_unattended(Some(reasons::INTERNAL), 1);
                        Err(err.to_string().into())
                    }
                }
            }
        });
        lambda_runtime::run(handle).await.map_err(|err| anyhow::anyhow!(err))
    })
}

impl Consumer {
    /// Handles an SQS event, each record by itself.
    pub async fn deliver(&self, app: &App, event: Value) -> anyhow::Result<Delivered> {
        let batch: Batch = serde_json::from_value(event)
            .map_err(|_| anyhow::anyhow!("the payload is not an SQS event"))?;
        let mut failures = Vec::new();
        let mut worst: Option<Reason> = None;
        for record in batch.records {
            // One connection, so one record after another; a failed one leaves the rest alone.
            let handled = async {
                let handling = AssertUnwindSafe((self.handle)(app.clone(), record.body));
                let handled = handling.catch_unwind().await;
                app.settle().await;
                handled
            };
            let trace = record.attributes.trace.or_else(telemetry::trace);
            let handled = telemetry::within_trace(trace.as_deref(), handled).await;
            if let Err(problem) = handled.unwrap_or_else(|_| Err(telemetry::panicked())) {
                telemetry::report(&problem, &record.message_id);
                failures.push(Failure { item_identifier: record.message_id });
                let reason = problem.reason();
                worst = worst.filter(|worst| worst.code == Code::Internal).or(Some(reason));
            }
        }
        let failed = failures.len();
        let answer = serde_json::to_value(Failures { batch_item_failures: failures })?;
        Ok(Delivered { answer, failed, worst })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{AccountRefreshDue, AccountSynced};

    #[test]
    fn a_message_of_another_event_is_refused_without_quoting_it() {
        let envelope = Envelope::new(
            None,
            &AccountRefreshDue { account_id: Uuid::nil(), put_off: 0, unless_read_since: None },
        )
        .unwrap();
        let message = serde_json::to_string(&envelope).unwrap();
        assert!(Delivery::<AccountRefreshDue>::read(&message).is_ok());
        let refused = Delivery::<AccountSynced>::read(&message).unwrap_err();
        assert!(!format!("{:?}", refused.cause()).contains("refresh_due"));
        assert!(Delivery::<AccountSynced>::read("{\"hunter2").is_err());
    }
}
