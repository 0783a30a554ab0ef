//! `POST /v1/chat/query`: answers a question in plain language.

use axum::extract::State;
use shared::http::{Json, Reply, Route};
use shared::request::{id, printable};
use shared::routes;
use shared::{Access, App, Caller, Permission};
use uuid::Uuid;

use crate::answer::ChatAnswer;
use crate::run::{Progress, ReservedQuestion, answer};

/// For any member, and keys with `chat:ask`.
pub fn route() -> Route {
    Route::new(routes!(ask), Access::MemberOrKey(Permission::Ask)).computing()
}

shared::request! {
    /// A question.
    #[example({ "question": "How much did I make this year?" })]
    pub(crate) struct ChatRequest {
        /// In English or Hinglish.
        pub(crate) question: String = printable(500),
        /// The conversation it goes on with: "and last month?" is about the question before.
        pub(crate) conversation_id: Option<Uuid> = id(),
    }
}

/// Answers a question by a query, and says what was understood: a certified question first, then a language model where the
/// workspace agreed to one (`PUT /v1/chat/model`), then rules. A question that could mean several things is asked back, one
/// that was not understood is not answered, and advice is not given: none of these counts against the plan. Answers belong to
/// a conversation, which the next question may go on with.
#[utoipa::path(post, path = "/v1/chat/query", request_body = ChatRequest,
    responses((status = 200, body = ChatAnswer)))]
async fn ask(State(app): State<App>, caller: Caller, Json(request): Json<ChatRequest>) -> Reply {
    let reserved = ReservedQuestion::reserve(app.db(), &caller, &request).await?;
    shared::http::ok(answer(&app, &caller, &request, reserved, &Progress::silent()).await?)
}
