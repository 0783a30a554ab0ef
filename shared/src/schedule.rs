//! Schedules: one run per time EventBridge calls.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::telemetry::{self, Begun, Invocation};
use crate::{App, Outcome, Problem, Timestamp, clock};

type Ran = Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send>>;

/// What runs on a schedule, erased like a route. What it answers is shown to who invoked it by hand.
pub struct Schedule {
    run: Box<dyn Fn(App, Value) -> Ran + Send + Sync>,
}

impl Schedule {
    /// Runs this with the scheduled time.
    pub fn new<F>(run: fn(App, Timestamp) -> F) -> Self
    where
        F: Future<Output = Result<Value, Problem>> + Send + 'static,
    {
        Self { run: Box::new(move |app, event| Box::pin(run(app, scheduled_at(&event)))) }
    }

    /// Runs this with the scheduled time and how much it may do.
    pub fn in_portions<F>(run: fn(App, Timestamp, usize) -> F) -> Self
    where
        F: Future<Output = Result<Value, Problem>> + Send + 'static,
    {
        Self {
            run: Box::new(move |app, event| Box::pin(run(app, scheduled_at(&event), most(&event)))),
        }
    }

    /// Runs this with the event itself: what the deployment calls.
    pub fn with_event<F>(run: fn(App, Value) -> F) -> Self
    where
        F: Future<Output = Result<Value, Problem>> + Send + 'static,
    {
        Self { run: Box::new(move |app, event| Box::pin(run(app, event))) }
    }
}

/// Serves a schedule: the whole of its binary.
pub fn run(schedule: Schedule) -> Outcome {
    telemetry::run(|config| async move {
        let app = App::new(config);
        app.db().warm().await;
        let schedule = Arc::new(schedule);
        let invocations = telemetry::Invocations::new(app.config());
        let handle = service_fn(|event: LambdaEvent<Value>| {
            let (app, schedule) = (app.clone(), schedule.clone());
            let invocation = invocations.begin(Begun::of(&event.context));
            async move { once(app, schedule, event.payload, invocation).await }
        });
        lambda_runtime::run(handle).await.map_err(|err| anyhow::anyhow!(err))
    })
}

async fn once(
    app: App,
    schedule: Arc<Schedule>,
    payload: Value,
    invocation: Invocation,
) -> Result<Value, lambda_runtime::Error> {
    let ran = async {
        let ran = AssertUnwindSafe((schedule.run)(app.clone(), payload)).catch_unwind().await;
        app.settle().await;
        ran
    };
    let ran = invocation.during(ran).await.unwrap_or_else(|_| Err(telemetry::panicked()));
    if let Err(problem) = &ran {
        invocation.while_in(|| telemetry::report(problem, "schedule"));
    }
    let reason = ran.as_ref().err().map(Problem::reason);
    invocation.end_unattended(reason, usize::from(reason.is_some()));
    ran.map_err(|problem| lambda_runtime::Error::from(problem.reason().name))
}

/// How much a run may do: whoever calls it by hand may say so in `detail.most`, to try it on a few.
fn most(payload: &Value) -> usize {
    payload["detail"]["most"].as_u64().and_then(|most| most.try_into().ok()).unwrap_or(usize::MAX)
}

/// The time the run was due, or now when it was called by hand.
pub fn scheduled_at(payload: &Value) -> Timestamp {
    payload["time"].as_str().and_then(|time| time.parse().ok()).unwrap_or_else(clock::now)
}
