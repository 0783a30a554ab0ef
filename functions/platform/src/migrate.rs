//! Runs at deployment: roles, migrations, and the first signing key.
//!
//! One run at a time, by a session advisory lock that refinery does not take itself. A migration
//! that fails is undone whole and fails the deployment; those before it stay, since old code runs
//! on the newer schema.

mod signing_key;

use refinery::{Migration, Runner};
use serde_json::{Value, json};
use shared::db::Target;
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp};
use tokio_postgres::Client;

/// The roles, made before anything else.
const ROLES: &str = include_str!("../../../migrations/roles.sql");

/// The migrations in order; a test holds them against the folder.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__tenancy", include_str!("../../../migrations/V1__tenancy.sql")),
    ("V2__instruments", include_str!("../../../migrations/V2__instruments.sql")),
    ("V3__portfolio", include_str!("../../../migrations/V3__portfolio.sql")),
    ("V4__traces", include_str!("../../../migrations/V4__traces.sql")),
];

/// The version this code needs.
pub const LATEST: i32 = 4;

/// Any number no other lock of this database uses.
const LOCK: i64 = 0x006B_6974_656D_6174;

/// Invoked by the deployment, or by hand.
pub fn schedule() -> Schedule {
    Schedule::new(migrate)
}

async fn migrate(app: App, _: Timestamp) -> Result<Value, Problem> {
    // As the administrator, on a connection of its own: the lock lives as long as the session.
    let mut client = Target::read(app.config()).connect().await?;
    let locked = async {
        client.batch_execute(&format!("select pg_advisory_lock({LOCK})")).await?;
        client.batch_execute(ROLES).await?;
        client.batch_execute("set role km_owner").await
    };
    locked.await.map_err(shared::db::DbError::from)?;
    let applied = apply(&mut client).await?;
    let key = signing_key::ensure(&app, &client).await?;
    tracing::info!(?applied, key, "migrated");
    Ok(json!({ "applied": applied, "version": LATEST, "signingKey": key }))
}

/// Applies what is missing; a migration that was changed after it was applied is an error.
async fn apply(client: &mut Client) -> Result<Vec<String>, Problem> {
    let migrations: Result<Vec<_>, _> =
        MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    let mut runner = Runner::new(&migrations.map_err(Problem::internal)?).set_abort_divergent(true);
    runner.set_migration_table_name("platform.schema_history");
    let report = runner.run_async(client).await.map_err(Problem::internal)?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_of_the_folder_is_applied() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('V'))
            .map(|name| name.trim_end_matches(".sql").to_owned())
            .collect();
        files.sort_by_key(|name| name[1..].split("__").next().unwrap().parse::<i32>().unwrap());
        assert_eq!(
            files,
            MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
        );
        assert_eq!(LATEST as usize, MIGRATIONS.len());
    }
}
