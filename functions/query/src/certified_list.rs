//! `GET /v1/query/certified`: the certified questions of the workspace.

use axum::extract::State;
use portfolio_query::{Query as PortfolioQuery, describe};
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::certified_create::CertifiedQuestion;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(certified_list), Access::member(Permission::Query))
}

/// Questions of the workspace that somebody checked, newest first.
#[utoipa::path(get, path = "/v1/query/certified", params(PageQuery),
    responses((status = 200, body = Page<CertifiedQuestion>)))]
async fn certified_list(
    State(db): State<Db>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply {
    let after: Option<(Timestamp, Uuid)> = page.position()?;
    let (at, id) = after.unzip();
    let fetch = page.fetch();
    let list = statement(
        "select certified_id, question, query, user_id, created_at from query.certified
         where $1 is null or (created_at, certified_id) < ($1, $2)
         order by created_at desc, certified_id desc limit $3",
        [typed(&at), typed(&id), typed(&fetch)],
    );
    let [rows] = db.read(&caller, [list]).await?;
    let items = rows.iter().map(CertifiedQuestion::from).collect();
    shared::http::ok(Page::cut(items, &page, |one| (one.created_at, one.certified_id)))
}

impl From<&Row> for CertifiedQuestion {
    fn from(row: &Row) -> Self {
        let query = row.get("query");
        Self {
            certified_id: row.get("certified_id"),
            question: row.get("question"),
            description: PortfolioQuery::read(&query).ok().map(|query| describe(&query)),
            query,
            user_id: row.get("user_id"),
            created_at: row.get("created_at"),
        }
    }
}
