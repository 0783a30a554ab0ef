//! `DELETE /v1/chat/conversations/{conversationId}`: deletes a conversation.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(conversation_delete), Access::member(Permission::Ask))
}

/// Deletes a conversation of the caller's with its questions. What was run stays in the log of queries until it is swept.
#[utoipa::path(delete, path = "/v1/chat/conversations/{conversationId}",
    params(("conversationId" = Uuid, Path, description = "From an answer, or the list of conversations.")),
    responses((status = 204)))]
async fn conversation_delete(
    State(db): State<Db>,
    caller: Caller,
    Id(conversation): Id,
    _: Query<Nothing>,
) -> Reply {
    let delete = statement(
        "delete from chat.conversations where conversation_id = $1 returning conversation_id",
        [typed(&conversation)],
    );
    let [gone] = db.write(&caller, [delete]).await?;
    if gone.is_empty() {
        return Err(Problem::new(NOT_FOUND));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
