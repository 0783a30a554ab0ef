//! Runs at deployment: roles, migrations, definitions, and the first signing key.
//!
//! One run at a time, by a session advisory lock that refinery does not take itself. A migration
//! that fails is undone whole and fails the deployment; those before it stay, since old code runs
//! on the newer schema. What build.rs lists of migrations/ is in this binary.

mod definitions;
mod deployment;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use refinery::{Migration, Runner};
use serde_json::{Value, json};
use shared::db::{DbError, Target};
use shared::problem::reasons::TIMEOUT;
use shared::schedule::Schedule;
use shared::{App, Config, Problem, clock};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::signing_key;

/// The roles, made before anything else.
const ROLES: &str = include_str!("../../../migrations/roles.sql");

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The version this code needs.
pub const LATEST: i32 = MIGRATIONS.len() as i32;

/// The function has ten minutes; CloudFormation is to be told within them.
const GIVE_UP_AFTER: Duration = Duration::from_secs(560);

/// Any number no other lock of this database uses.
const LOCK: i64 = 0x006B_6974_656D_6174;

/// Invoked by the deployment as a custom resource, or by hand.
pub fn schedule() -> Schedule {
    Schedule::with_event(deploy)
}

/// CloudFormation is always told what came of it: silence would hold the deployment up until it gives
/// up by itself.
async fn deploy(app: App, event: Value) -> Result<Value, Problem> {
    let Some(order) = deployment::Order::read(&event) else { return migrate(&app).await };
    if !order.migrates() {
        order.answer(true).await.map_err(Problem::unavailable)?;
        return Ok(json!({}));
    }
    let migrating = AssertUnwindSafe(migrate(&app)).catch_unwind();
    let outcome = match tokio::time::timeout(GIVE_UP_AFTER, migrating).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(shared::telemetry::panicked()),
        Err(_) => Err(Problem::new(TIMEOUT)),
    };
    order.answer(outcome.is_ok()).await.map_err(Problem::unavailable)?;
    outcome
}

async fn migrate(app: &App) -> Result<Value, Problem> {
    // As the administrator, on a connection of its own: the lock lives as long as the session.
    let mut client = connect(app).await?;
    let locked = async {
        client.batch_execute(&format!("select pg_advisory_lock({LOCK})")).await?;
        client.batch_execute(ROLES).await?;
        client.batch_execute("set role km_owner").await
    };
    locked.await.map_err(shared::db::DbError::from)?;
    let mut applied = apply(&mut client).await?;
    applied.extend(definitions::apply(&mut client, !applied.is_empty()).await?);
    let key = signing_key::ensure(app, &client, clock::now()).await?;
    tracing::info!(?applied, key, "migrated");
    Ok(json!({ "applied": applied, "version": LATEST, "signingKey": key }))
}

/// Connects as the administrator. Where the roles that were granted `rds_iam` make their maker count as
/// a member too, RDS no longer takes the password, and takes a token instead.
async fn connect(app: &App) -> Result<Client, Problem> {
    let settings = administrator(app).await?;
    match Target::read(&settings).connect().await {
        Err(DbError::Connect(err))
            if app.config().find("DATABASE_SECRET").is_some() && err.code().is_some() =>
        {
            tracing::info!(code = err.code().map(SqlState::code), "the password was refused");
            Ok(Target::read(&settings.with([("DATABASE_AUTH", "iam")])).connect().await?)
        }
        connected => Ok(connected?),
    }
}

/// The settings with the administrator's name and password, where a secret has them.
async fn administrator(app: &App) -> Result<Config, Problem> {
    let Some(secret) = app.config().find("DATABASE_SECRET") else {
        return Ok(app.config().clone());
    };
    let secret = app.secrets().get(secret).await?;
    // The parser's message could quote the password.
    let Administrator { username, password } =
        serde_json::from_str(secret.expose()).map_err(|_| {
            Problem::internal(anyhow::anyhow!("DATABASE_SECRET has no username and password"))
        })?;
    Ok(app
        .config()
        .with([("DATABASE_USER", username.as_str()), ("DATABASE_PASSWORD", password.expose())]))
}

/// What RDS keeps in the secret of a database's administrator, and rotates.
#[derive(serde::Deserialize)]
struct Administrator {
    username: String,
    password: shared::Secret,
}

/// Applies what is missing; a migration that was changed after it was applied is an error.
async fn apply(client: &mut Client) -> Result<Vec<String>, Problem> {
    let migrations: Result<Vec<_>, _> =
        MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    let mut runner = Runner::new(&migrations.map_err(Problem::internal)?).set_abort_divergent(true);
    // After a rollback the schema is newer than the code, and is meant to be.
    runner = runner.set_abort_missing(false);
    runner.set_migration_table_name("platform.schema_history");
    let report = runner.run_async(client).await.map_err(Problem::internal)?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}
