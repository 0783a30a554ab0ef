//! `DELETE /v1/portfolio/imports/{importId}`: takes an import back.

use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use shared::db::{Tenant, statement};
use shared::events::{Envelope, StatementImported};
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Reason, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(undo), Access::member(Permission::WritePortfolio))
}

/// What was taken back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Undone {
    import_id: Uuid,
    /// How many events went: those that no other import has and nobody changed by hand.
    events: i64,
    /// How many holdings are as they were before.
    holdings: i64,
}

/// Takes an import back. Events that another import has, too, stay, and so does what somebody changed by hand. The
/// holdings of a statement are put back as they were; if a later statement built on it, that one is to be taken back
/// first. The lots, gains and returns follow by themselves. Twice is once.
#[utoipa::path(delete, path = "/v1/portfolio/imports/{importId}",
    params(("importId" = Uuid, Path, description = "From the answer of the import.")),
    responses((status = 200, body = Undone)))]
async fn undo(
    State(app): State<App>,
    caller: Caller,
    Id(import_id): Id,
    _: Query<Nothing>,
) -> Reply {
    // First the lock, so that what is read next is what is taken back.
    let lock = statement(
        "select pg_advisory_xact_lock(hashtextextended(account_id::text, 0)) from imports.imports where import_id = $1",
        [typed(&import_id)],
    );
    let find = statement(
        "select account_id, before is not null as kept, undone_at is not null as undone,
                coalesce(report -> 'events' <> 'null', false) as of_events,
                exists (select from imports.imports later
                        where later.account_id = i.account_id and later.created_at > i.created_at
                          and later.before is not null and later.undone_at is null) as overtaken,
                exists (select from brokers.syncs s
                        where s.account_id = i.account_id and s.good_at > i.created_at) as told_since
         from imports.imports i where import_id = $1",
        [typed(&import_id)],
    );
    let (tx, [_, rows]) = app.db().enter(&caller, [lock, find]).await?;
    match standing(rows.first()) {
        Ok(Some(account_id)) => take_back(&caller, tx, import_id, account_id).await,
        Ok(None) => shared::http::ok(Undone { import_id, events: 0, holdings: 0 }),
        Err(reason) => Err(Problem::new(reason)),
    }
}

/// The account of an import that can be taken back; `None` when it was already; or why it stays.
fn standing(row: Option<&Row>) -> Result<Option<Uuid>, Reason> {
    let row = row.ok_or(NOT_FOUND)?;
    let is = |column: &str| row.get::<_, bool>(column);
    if is("undone") {
        Ok(None)
    } else if is("kept") && is("told_since") {
        // The broker itself has said what is held: there is nothing to put back.
        Ok(Some(row.get("account_id")))
    } else if is("kept") && is("overtaken") {
        Err(reasons::LATER_IMPORT)
    } else if !is("kept") && !is("of_events") {
        Err(reasons::NOT_KEPT)
    } else {
        Ok(Some(row.get("account_id")))
    }
}

async fn take_back(caller: &Caller, tx: Tenant, import_id: Uuid, account_id: Uuid) -> Reply {
    let forget = statement("select transactions.forget($1) as events", [typed(&import_id)]);
    let put_back =
        statement(include_str!("create/put_back.sql"), [typed(&account_id), typed(&import_id)]);
    let mark = statement(
        "update imports.imports set undone_at = now() where import_id = $1 and undone_at is null",
        [typed(&import_id)],
    );
    // Before what it changed is put back, which says again what was.
    let asserted = statement(
        "delete from imports.assertions a where a.account_id = $1 and a.import_id = $2",
        [typed(&account_id), typed(&import_id)],
    );
    let [forgotten, _, restored, _] = tx.batch([forget, asserted, put_back, mark]).await?;
    let count = |rows: &[Row], column: &str| rows.first().map_or(0, |row| row.get(column));
    let event = StatementImported { import_id, account_id };
    let event = Envelope::new(Some(caller.session()?.workspace_id), &event)?;
    let (subject, detail) = (import_id.to_string(), json!({ "accountId": account_id }));
    let audit = statement(
        "select tenant.audit('import.undone', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    tx.publish(event);
    tx.commit([audit]).await?;
    shared::http::ok(Undone {
        import_id,
        events: count(&forgotten, "events"),
        holdings: count(&restored, "holdings"),
    })
}
