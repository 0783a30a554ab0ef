//! What may run again: functions, grants and triggers of the database, each with one definition.

use std::collections::{HashMap, HashSet};

use shared::db::DbError;
use shared::{Problem, crypto};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use super::{FUNCTIONS, GRANTS, VERSIONS};

/// Every trigger.
const TRIGGERS: &str = include_str!("../../../../migrations/triggers.sql");

/// Runs what has changed since it ran last, and answers its names: all of it or nothing. After a migration that was new, tables
/// may be, so that grants are given again.
pub(super) async fn apply(client: &mut Client, migrated: bool) -> Result<Vec<String>, Problem> {
    Ok(run(client, migrated).await.map_err(DbError::from)?)
}

async fn run(client: &mut Client, migrated: bool) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut all = client.transaction().await?;
    let rows = all.query("select name, sha256 from platform.definitions", &[]).await?;
    let ran: HashMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let changed = |name: &str, text: &str| ran.get(name) != Some(&sha256(text));
    let mut applied = Vec::new();
    // A function may be defined before one that it calls; they are looked at when all are there.
    all.batch_execute("set local check_function_bodies = off").await?;
    for (name, text) in FUNCTIONS.iter().filter(|(name, text)| changed(name, text)) {
        define(&mut all, name, text).await?;
        note(&all, name, text).await?;
        applied.push((*name).to_owned());
    }
    // As the administrator, who may call them all.
    all.batch_execute("set local check_function_bodies = on; set local role none").await?;
    for name in &applied {
        all.execute(VALIDATE, &[name]).await?;
    }
    let listed: HashSet<&str> =
        FUNCTIONS.iter().map(|(name, _)| *name).chain(["grants", "triggers", "versions"]).collect();
    for gone in ran.keys().filter(|name| !listed.contains(name.as_str())) {
        let forms = forms(&all, gone).await?;
        drop_forms(&all, owner(gone), forms.iter().map(|(form, _)| form.as_str())).await?;
        all.batch_execute("set local role km_owner").await?;
        all.execute("delete from platform.definitions where name = $1", &[gone]).await?;
        applied.push(gone.clone());
    }
    // A function that was made anew has lost its grants, and a trigger needs one for its function.
    if migrated || !applied.is_empty() || changed("grants", GRANTS) {
        all.batch_execute(GRANTS).await?;
        note(&all, "grants", GRANTS).await?;
    }
    if changed("triggers", TRIGGERS) {
        all.batch_execute("set local role km_owner").await?;
        all.batch_execute(TRIGGERS).await?;
        note(&all, "triggers", TRIGGERS).await?;
    }
    if changed("versions", VERSIONS) {
        all.batch_execute("set local role km_owner").await?;
        all.batch_execute(VERSIONS).await?;
        note(&all, "versions", VERSIONS).await?;
    }
    all.commit().await?;
    Ok(applied)
}

/// Looks at the body of a function as creating it would.
const VALIDATE: &str = "
    select case l.lanname when 'sql' then fmgr_sql_validator(p.oid)::text else plpgsql_validator(p.oid)::text end
    from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace::regnamespace::text || '.' || p.proname = $1";

/// Defines a function as its file does. Forms with other arguments that the file no longer has are dropped, and so is one that
/// answers something else than before, which Postgres does not replace.
async fn define(
    all: &mut Transaction<'_>,
    name: &str,
    text: &str,
) -> Result<(), tokio_postgres::Error> {
    let before = forms(all, name).await?;
    all.batch_execute(&format!("set local role {}", owner(name))).await?;
    let attempt = all.savepoint("definition").await?;
    match attempt.batch_execute(text).await {
        Ok(()) => attempt.commit().await?,
        Err(err) if err.code() == Some(&SqlState::INVALID_FUNCTION_DEFINITION) => {
            attempt.rollback().await?;
            drop_forms(all, owner(name), before.iter().map(|(form, _)| form.as_str())).await?;
            all.batch_execute(text).await?;
        }
        Err(err) => return Err(err),
    }
    let after: HashSet<(String, String)> = forms(all, name).await?.into_iter().collect();
    let untouched =
        before.iter().filter(|form| after.contains(form)).map(|(form, _)| form.as_str());
    drop_forms(all, owner(name), untouched).await
}

/// The forms of a function, with the transaction that defined each.
async fn forms(
    all: &Transaction<'_>,
    name: &str,
) -> Result<Vec<(String, String)>, tokio_postgres::Error> {
    let sql = "select p.oid::regprocedure::text, p.xmin::text from pg_proc p
               where p.pronamespace::regnamespace::text || '.' || p.proname = $1";
    let rows = all.query(sql, &[&name]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn drop_forms(
    all: &Transaction<'_>,
    owner: &str,
    forms: impl Iterator<Item = &str>,
) -> Result<(), tokio_postgres::Error> {
    for form in forms {
        all.batch_execute(&format!("set local role {owner}; drop function {form}")).await?;
    }
    Ok(())
}

async fn note(all: &Transaction<'_>, name: &str, text: &str) -> Result<(), tokio_postgres::Error> {
    let sql = "insert into platform.definitions (name, sha256) values ($1, $2)
               on conflict on constraint definitions_pk do update set sha256 = excluded.sha256";
    all.batch_execute("set local role km_owner").await?;
    all.execute(sql, &[&name, &sha256(text)]).await?;
    Ok(())
}

/// Who owns a function: definer functions have an owner of their own.
fn owner(function: &str) -> &'static str {
    if function.starts_with("tenant.") { "km_system" } else { "km_owner" }
}

fn sha256(text: &str) -> String {
    crypto::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
