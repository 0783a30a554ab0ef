//! `GET /v1/chat/conversations`: the caller's conversations.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(conversation_list), Access::member(Permission::Ask))
}

/// A conversation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    pub(crate) conversation_id: Uuid,
    /// The question that it began with.
    pub(crate) title: String,
    pub(crate) created_at: Timestamp,
    /// When it was last gone on with.
    pub(crate) asked_at: Timestamp,
}

shared::from_row!(Conversation { conversation_id, title, created_at, asked_at });

/// The caller's own conversations, the one gone on with last first. Nobody else sees them.
#[utoipa::path(get, path = "/v1/chat/conversations", params(PageQuery),
    responses((status = 200, body = Page<Conversation>)))]
async fn conversation_list(
    State(db): State<Db>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply {
    let after: Option<(Timestamp, Uuid)> = page.position()?;
    let (at, id) = after.unzip();
    let fetch = page.fetch();
    let list = statement(
        "select conversation_id, title, created_at, asked_at from chat.conversations
         where $1 is null or (asked_at, conversation_id) < ($1, $2)
         order by asked_at desc, conversation_id desc limit $3",
        [typed(&at), typed(&id), typed(&fetch)],
    );
    let [rows] = db.read(&caller, [list]).await?;
    let items = rows.iter().map(Conversation::from).collect();
    shared::http::ok(Page::cut(items, &page, |one| (one.asked_at, one.conversation_id)))
}
