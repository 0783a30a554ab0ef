//! `POST /v1/chat/turns/{turnId}/rating`: whether an answer was good.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::{choice, printable};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(rate), Access::member(Permission::Ask))
}

const RATINGS: [(&str, &str); 2] = [("up", "up"), ("down", "down")];

shared::request! {
    /// Whether an answer was good, and why.
    #[example({ "rating": "down", "words": "I meant the calendar year" })]
    struct RatingRequest {
        /// Good or not.
        rating: &'static str = choice(RATINGS),
        /// Why.
        words: Option<String> = printable(500),
    }
}

/// Rates an answer of the caller's own; another rating takes the place of the first.
#[utoipa::path(post, path = "/v1/chat/turns/{turnId}/rating", request_body = RatingRequest,
    params(("turnId" = Uuid, Path, description = "From an answer.")),
    responses((status = 204)))]
async fn rate(
    State(db): State<Db>,
    caller: Caller,
    Id(turn): Id,
    Json(request): Json<RatingRequest>,
) -> Reply {
    let rate = statement(
        "update chat.turns set rating = $2, rating_words = $3 where turn_id = $1 returning turn_id",
        [typed(&turn), typed(&request.rating), typed(&request.words)],
    );
    let [rated] = db.write(&caller, [rate]).await?;
    if rated.is_empty() {
        return Err(Problem::new(NOT_FOUND));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
