//! `GET /v1/query/queries`: what the caller asked.

use axum::extract::State;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use uuid::Uuid;

use crate::log::{COLUMNS, LoggedQuery};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(log_list), Access::member(Permission::Query))
}

/// The caller's own queries, newest first, by token and by key. Nobody else sees them.
#[utoipa::path(get, path = "/v1/query/queries", params(PageQuery),
    responses((status = 200, body = Page<LoggedQuery>)))]
async fn log_list(State(db): State<Db>, caller: Caller, Query(page): Query<PageQuery>) -> Reply {
    let after: Option<(Timestamp, Uuid)> = page.position()?;
    let (at, id) = after.unzip();
    let fetch = page.fetch();
    let sql = format!(
        "select {COLUMNS} from query.queries q left join query.outcomes o using (workspace_id, query_id)
         where $1 is null or (q.asked_at, q.query_id) < ($1, $2)
         order by q.asked_at desc, q.query_id desc limit $3"
    );
    let list = statement(&sql, [typed(&at), typed(&id), typed(&fetch)]);
    let [rows] = db.read(&caller, [list]).await?;
    let items = rows.iter().map(LoggedQuery::from).collect();
    shared::http::ok(Page::cut(items, &page, |one| (one.asked_at, one.query_id)))
}
