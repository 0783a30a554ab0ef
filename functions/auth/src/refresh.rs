//! `POST /v1/auth/refresh`: goes on with a session.

use axum::extract::State;
use shared::auth::{Session, Signer};
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::id;
use shared::routes;
use shared::{Access, App, Problem, clock, typed};
use uuid::Uuid;

use crate::reasons;
use crate::refresh_token::{RefreshToken, token};
use crate::session::{self, SessionTokens};

/// Refreshes from one address, behind which many people may sit.
const PER_ADDRESS: Limit = Limit { name: "refresh", most: 1200, window_s: 900 };

/// For anyone who has a refresh token.
pub fn route() -> Route {
    Route::new(routes!(refresh), Access::Public)
}

shared::request! {
    /// Which session goes on, and where.
    #[example({ "refreshToken": "kmr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })]
    struct RefreshRequest {
        /// From the answer before this one.
        refresh_token: RefreshToken = token(),
        /// The workspace the access token is to be for; where the session was last, when not given.
        workspace_id: Option<Uuid> = id(),
    }
}

/// Answers a new access token and the next refresh token. A refresh token is good once. Sent again within 30
/// seconds, before its successor was used, it answers that same successor, so that a lost answer logs nobody out.
/// Sent again later, or after its successor was used, it ends the session: somebody else has it.
#[utoipa::path(post, path = "/v1/auth/refresh", request_body = RefreshRequest,
    responses((status = 200, body = SessionTokens)))]
async fn refresh(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Json(request): Json<RefreshRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    // Before the token is used up: without a key to sign with, nothing is.
    let signer = Signer::read(&app).await?;
    let successor = RefreshToken::make()?;
    let rows = app
        .db()
        .query(
            "select outcome, user_id, session_id, workspace_id, sealed
             from tenant.rotate_refresh($1, $2, $3, $4, $5, $6)",
            [
                typed(&request.refresh_token.sha256()),
                typed(&successor.sha256()),
                typed(&request.refresh_token.seal(&successor)?),
                typed(&request.workspace_id),
                typed(&request_id),
                typed(&address.text()),
            ],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Problem::new(reasons::REFRESH_INVALID))?;
    let successor = match row.get("outcome") {
        "rotated" => successor,
        "retried" => request.refresh_token.open(row.get("sealed"))?,
        "reused" => return Err(Problem::new(reasons::REFRESH_REUSED)),
        "not_a_member" => return Err(Problem::new(shared::problem::reasons::NOT_A_MEMBER)),
        _ => return Err(Problem::new(reasons::REFRESH_INVALID)),
    };
    let session = Session {
        session_id: row.get("session_id"),
        user_id: row.get("user_id"),
        workspace_id: row.get("workspace_id"),
    };
    shared::http::ok(session::tokens(&signer, session, &successor, now)?)
}
