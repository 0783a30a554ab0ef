//! `GET /v1/portfolio/imports/{importId}`: what an import did.

use axum::extract::State;
use serde_json::Value;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};

use crate::create::report::Report;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(get), Access::member(Permission::ReadPortfolio))
}

/// The answer of the import as it was given.
#[utoipa::path(get, path = "/v1/portfolio/imports/{importId}",
    params(("importId" = Uuid, Path, description = "From the answer of the import.")),
    responses((status = 200, body = Report)))]
async fn get(State(db): State<Db>, caller: Caller, Id(import_id): Id, _: Query<Nothing>) -> Reply {
    let report =
        statement("select report from imports.imports where import_id = $1", [typed(&import_id)]);
    let [rows] = db.read(&caller, [report]).await?;
    let row = rows.first().ok_or_else(|| Problem::new(reasons::NOT_FOUND))?;
    shared::http::ok(row.get::<_, Value>("report"))
}
