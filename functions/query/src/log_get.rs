//! `GET /v1/query/queries/{queryId}`: a query as it was answered.

use axum::extract::State;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use shared::db::{Entry, statement};
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};
use stores::versions::Versions;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::log::{COLUMNS, LoggedQuery};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(log_get), Access::member(Permission::Query))
}

/// A query of the log with its answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StoredQuery {
    #[serde(flatten)]
    query: LoggedQuery,
    /// The day in India it was answered on.
    answered_on: Option<Date>,
    /// The versions of what it was worked out from.
    versions: Option<Versions>,
    /// The answer with its first rows; null where there is none, and of a query by key.
    #[schema(value_type = Option<Object>)]
    answer: Option<Value>,
}

/// A query of the caller's with what was answered then: its first rows.
#[utoipa::path(get, path = "/v1/query/queries/{queryId}",
    params(("queryId" = Uuid, Path, description = "From an answer, or the list of queries.")),
    responses((status = 200, body = StoredQuery)))]
async fn log_get(State(db): State<Db>, caller: Caller, Id(query): Id, _: Query<Nothing>) -> Reply {
    let row = stored(&db, &caller, query).await?;
    let (ledger, market): (Option<i64>, Option<i64>) =
        (row.get("ledger_version"), row.get("market_version"));
    shared::http::ok(StoredQuery {
        query: LoggedQuery::from(&row),
        answered_on: row.get("today"),
        versions: ledger.zip(market).map(|(ledger, market)| Versions { ledger, market }),
        answer: row.get("answer"),
    })
}

/// The row of a query with its answer.
pub(crate) async fn stored<'a>(
    db: &Db,
    entry: impl Into<Entry<'a>>,
    query: Uuid,
) -> Result<Row, Problem> {
    let sql = format!(
        "select {COLUMNS}, o.today, o.ledger_version, o.market_version, o.answer
         from query.queries q left join query.outcomes o using (workspace_id, query_id) where q.query_id = $1"
    );
    let [rows] = db.read(entry, [statement(&sql, [typed(&query)])]).await?;
    rows.into_iter().next().ok_or_else(|| Problem::new(NOT_FOUND))
}
