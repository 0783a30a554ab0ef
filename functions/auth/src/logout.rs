//! `POST /v1/auth/logout`: ends this session, or all of the person's.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::request::flag;
use shared::routes;
use shared::{Access, App, Caller, typed};
use utoipa::ToSchema;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(logout), Access::Person)
}

shared::request! {
    /// Which sessions end.
    #[example({ "everywhere": false })]
    struct LogoutRequest {
        /// All of the person's sessions, on every device, and their API keys; only this one when not given.
        everywhere: bool = flag() => false,
    }
}

/// What ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoggedOut {
    /// How many sessions ended. Their tokens are refused from the next request on.
    sessions_ended: i64,
    /// How many API keys of the person were revoked: all of them with `everywhere`, else none.
    keys_revoked: i64,
}

/// Ends the session of the access token; with `everywhere` every session and every API key of its person.
#[utoipa::path(post, path = "/v1/auth/logout", request_body = LogoutRequest,
    responses((status = 200, body = LoggedOut)))]
async fn logout(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<LogoutRequest>,
) -> Reply {
    let end =
        statement("select sessions, keys from tenant.log_out($1)", [typed(&request.everywhere)]);
    let (tx, [rows]) = app.db().enter(&caller, [end]).await?;
    tx.commit([]).await?;
    let ended = |column| rows.first().map_or(0, |row| row.get(column));
    shared::http::ok(LoggedOut { sessions_ended: ended("sessions"), keys_revoked: ended("keys") })
}
