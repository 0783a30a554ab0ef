//! `GET /ready`: whether everything the functions stand on answers, and how fast.

use std::time::Instant;

use axum::extract::State;
use futures_util::future::join_all;
use serde::Serialize;
use shared::events::Queue;
use shared::http::{Reply, Route};
use shared::problem::reasons::UNAVAILABLE;
use shared::routes;
use shared::{Access, App, Problem};
use utoipa::ToSchema;

use crate::migrate::LATEST;
use crate::signing_key::{CURRENT, Versions};

/// For operators.
pub fn route() -> Route {
    Route::new(routes!(ready), Access::Operator)
}

#[derive(Serialize, ToSchema)]
struct Ready {
    /// Always `ready`; otherwise the answer is a 503 with the same checks.
    status: &'static str,
    checks: Vec<Check>,
}

/// One thing the functions stand on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Check {
    /// `database`, `migrations`, `queue …`, `table …` or `secret …`.
    name: String,
    ok: bool,
    /// How long the answer took, in milliseconds.
    latency_ms: f64,
}

/// Checks the database, its migrations, queues, tables and secrets; 503 when one of them fails.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Ready)))]
async fn ready(State(app): State<App>) -> Reply {
    let mut checks = vec![
        timed("database".into(), database(&app)).await,
        timed("migrations".into(), migrations(&app)).await,
    ];
    checks.extend(
        join_all(
            Queue::ALL
                .map(|queue| timed(format!("queue {}", queue.name()), reachable(&app, queue))),
        )
        .await,
    );
    checks.push(timed("table limits".into(), table(&app)).await);
    checks.push(timed("secret signing key".into(), secret(&app)).await);
    if checks.iter().all(|check| check.ok) {
        return shared::http::ok(Ready { status: "ready", checks });
    }
    Err(Problem::new(UNAVAILABLE).with("checks", checks).retry_after(5))
}

async fn timed(name: String, check: impl Future<Output = Result<(), Problem>>) -> Check {
    let began = Instant::now();
    let outcome = check.await;
    if let Err(problem) = &outcome {
        shared::telemetry::report(problem, &name);
    }
    let latency_ms = (began.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
    Check { name, ok: outcome.is_ok(), latency_ms }
}

async fn database(app: &App) -> Result<(), Problem> {
    app.db().query("select 1", []).await?;
    Ok(())
}

async fn migrations(app: &App) -> Result<(), Problem> {
    let rows = app
        .db()
        .query("select max(version)::int as version from platform.schema_history", [])
        .await?;
    let applied: Option<i32> = rows.first().and_then(|row| row.get("version"));
    // A newer schema is fine: migrations expand first, and old code runs on it.
    match applied {
        Some(version) if version >= LATEST => Ok(()),
        version => Err(Problem::internal(anyhow::anyhow!(
            "schema is at {version:?}, the code needs {LATEST}"
        ))),
    }
}

async fn reachable(app: &App, queue: Queue) -> Result<(), Problem> {
    let url = queue.url(app.config())?;
    app.aws()
        .sqs()
        .get_queue_attributes()
        .queue_url(url)
        .send()
        .await
        .map_err(Problem::unavailable)?;
    Ok(())
}

async fn table(app: &App) -> Result<(), Problem> {
    let table = app.config().need("LIMITS_TABLE")?;
    app.aws()
        .dynamodb()
        .describe_table()
        .table_name(table)
        .send()
        .await
        .map_err(Problem::unavailable)?;
    Ok(())
}

async fn secret(app: &App) -> Result<(), Problem> {
    if !Versions::read(app).await?.at(CURRENT).is_empty() {
        return Ok(());
    }
    Err(Problem::unavailable(anyhow::anyhow!("the secret has no value yet")))
}
