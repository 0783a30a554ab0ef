//! `POST /v1/chat/stream`: the answer to a question, as it is made.

use std::time::Duration;

use axum::extract::State;
use serde_json::json;
use shared::http::{Json, Reply, Route, events};
use shared::routes;
use shared::{Access, App, Caller, Permission};
use utoipa::ToSchema;

use crate::ask::ChatRequest;
use crate::run::{Progress, ReservedQuestion, answer};

/// A stream ends by then.
const WITHIN: Duration = Duration::from_secs(120);

/// For any member, and keys with `chat:ask`.
pub fn route() -> Route {
    Route::new(routes!(stream), Access::MemberOrKey(Permission::Ask)).computing().streaming(WITHIN)
}

/// An event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is what the contract says of a stream")]
struct ChatEvent {
    /// `understood`, `data`, `text`, `usage`, `done` or `error`.
    event: String,
    /// JSON, as a text.
    data: String,
}

/// The same as `POST /v1/chat/query`, as Server-Sent Events: `understood` (what was understood, the query or what is asked
/// back), `data` (the cells), `text` (the answer in words), `usage` (the questions of the month), and at the end `done` with
/// the ids of conversation and turn, or `error` with a problem document. Each has JSON with the fields of the whole answer.
/// What is refused before it is understood is refused with its status.
#[utoipa::path(post, path = "/v1/chat/stream", request_body = ChatRequest,
    responses((status = 200, body = ChatEvent, content_type = "text/event-stream")))]
async fn stream(State(app): State<App>, caller: Caller, Json(request): Json<ChatRequest>) -> Reply {
    let reserved = ReservedQuestion::reserve(app.db(), &caller, &request).await?;
    Ok(events(move |events| async move {
        let progress = Progress::to(events.clone());
        let answer = answer(&app, &caller, &request, reserved, &progress).await?;
        let ids = json!({ "conversationId": answer.conversation_id, "turnId": answer.turn_id });
        events.send("done", &ids).await
    }))
}
