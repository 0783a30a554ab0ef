//! `GET /v1/chat/conversations/{conversationId}`: a conversation with its questions and answers.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};
use utoipa::ToSchema;

use crate::conversation_list::Conversation;
use crate::turns::StoredTurn;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(conversation_get), Access::member(Permission::Ask))
}

/// A conversation and what was said in it.
#[derive(Serialize, ToSchema)]
struct WholeConversation {
    #[serde(flatten)]
    conversation: Conversation,
    /// Its last 200 questions with their answers, the oldest first.
    turns: Vec<StoredTurn>,
}

/// A conversation of the caller's, as it was.
#[utoipa::path(get, path = "/v1/chat/conversations/{conversationId}",
    params(("conversationId" = Uuid, Path, description = "From an answer, or the list of conversations.")),
    responses((status = 200, body = WholeConversation)))]
async fn conversation_get(
    State(db): State<Db>,
    caller: Caller,
    Id(conversation): Id,
    _: Query<Nothing>,
) -> Reply {
    let of = "select conversation_id, title, created_at, asked_at from chat.conversations where conversation_id = $1";
    let turns = statement(
        "select turn_id, asked_at, question, kind, understood_by, text, query, query_id, options, rating from chat.turns
         where conversation_id = $1 order by asked_at desc, turn_id desc limit 200",
        [typed(&conversation)],
    );
    let of = statement(of, [typed(&conversation)]);
    let [found, turns] = db.read(&caller, [of, turns]).await?;
    let found = found.first().ok_or_else(|| Problem::new(NOT_FOUND))?;
    shared::http::ok(WholeConversation {
        conversation: Conversation::from(found),
        turns: turns.iter().rev().map(StoredTurn::from).collect(),
    })
}
