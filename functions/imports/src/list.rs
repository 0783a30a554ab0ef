//! `GET /v1/portfolio/imports`: what was imported, newest first.

use axum::extract::State;
use jiff::civil::Date;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::problem::reasons::NOT_FOUND;
use shared::request::id;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(list), Access::member(Permission::ReadPortfolio))
}

/// An import.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportItem)]
struct Import {
    import_id: Uuid,
    account_id: Uuid,
    /// Who imported it.
    user_id: Uuid,
    /// The layout that was recognised.
    layout: String,
    /// The file's name, where it was sent.
    file_name: Option<String>,
    /// The day of the statement; of a list of events the day of its last.
    as_of: Date,
    imported_at: Timestamp,
    /// When it was taken back; null while it counts.
    undone_at: Option<Timestamp>,
    /// Whether only a part of a large file is stored yet.
    unfinished: bool,
}

shared::from_row!(Import {
    import_id, account_id, user_id, layout, file_name, as_of = "statement_on",
    imported_at = "created_at", undone_at, unfinished,
});

shared::request! {
    /// Which imports.
    struct ImportsQuery {
        /// Only those into this account.
        account_id: Option<Uuid> = id(),
        ..page: PageQuery,
    }
}

/// The imports of the workspace, newest first, those that were taken back among them. What one did in full is told by
/// `GET /v1/portfolio/imports/{importId}`.
#[utoipa::path(get, path = "/v1/portfolio/imports",
    params(ImportsQuery),
    responses((status = 200, body = Page<Import>)))]
async fn list(State(db): State<Db>, caller: Caller, Query(query): Query<ImportsQuery>) -> Reply {
    let after: Option<(Timestamp, Uuid)> = query.page.position()?;
    let (at, id) = after.unzip();
    let fetch = query.page.fetch();
    let imports = statement(
        "select import_id, account_id, user_id, layout, file_name, statement_on, created_at, undone_at, unfinished
         from imports.imports
         where ($1::uuid is null or account_id = $1)
           and ($2::timestamptz is null or (created_at, import_id) < ($2, $3))
         order by created_at desc, import_id desc
         limit $4",
        [typed(&query.account_id), typed(&at), typed(&id), typed(&fetch)],
    );
    let account =
        statement("select from brokers.accounts where account_id = $1", [typed(&query.account_id)]);
    let [rows, found] = db.read(&caller, [imports, account]).await?;
    if query.account_id.is_some() && found.is_empty() {
        return Err(Problem::new(NOT_FOUND));
    }
    let imports = rows.iter().map(Import::from).collect();
    shared::http::ok(Page::cut(imports, &query.page, |one| (one.imported_at, one.import_id)))
}
