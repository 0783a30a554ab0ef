//! `POST /v1/auth/verify-email`: the mailed code makes the account and opens its first session.

use axum::extract::State;
use shared::auth::{Session, Signer};
use shared::crypto::code_sha256;
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::id;
use shared::routes;
use shared::{Access, App, Problem, clock, typed};
use uuid::Uuid;

use crate::code::mailed_code;
use crate::reasons;
use crate::refresh_token::RefreshToken;
use crate::session::{self, SessionTokens};

/// Attempts from one address; each registration has five of its own.
const PER_ADDRESS: Limit = Limit { name: "verify-email", most: 60, window_s: 3600 };

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(verify_email), Access::Public)
}

shared::request! {
    /// Which registration, and its code.
    #[example({ "registrationId": "019a0000-0000-7000-8000-000000000001", "code": "12345678" })]
    struct VerifyEmailRequest {
        /// From the answer of `/v1/auth/register`.
        registration_id: Uuid = id(),
        /// The eight digits of the mail.
        code: String = mailed_code(),
    }
}

/// Completes a registration: makes the person, their personal workspace and a session. A wrong
/// code counts as one of five attempts.
#[utoipa::path(post, path = "/v1/auth/verify-email", request_body = VerifyEmailRequest,
    responses((status = 200, body = SessionTokens)))]
async fn verify_email(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Json(request): Json<VerifyEmailRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let session = Session {
        session_id: Uuid::now_v7(),
        user_id: Uuid::now_v7(),
        workspace_id: Uuid::now_v7(),
    };
    let refresh = RefreshToken::make()?;
    let told = session::tokens(&Signer::read(&app).await?, session, &refresh, now)?;
    let rows = app
        .db()
        .query(
            "select outcome from tenant.verify_registration($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                typed(&request.registration_id),
                typed(&code_sha256(request.registration_id, &request.code)),
                typed(&session.user_id),
                typed(&session.workspace_id),
                typed(&"Personal"),
                typed(&session.session_id),
                typed(&session::ends(now)),
                typed(&refresh.sha256()),
                typed(&request_id),
                typed(&address.text()),
            ],
        )
        .await?;
    match rows.first().map(|row| row.get("outcome")) {
        Some("ok") => shared::http::ok(told),
        Some("wrong_code") => Err(Problem::new(reasons::WRONG_CODE)),
        Some("too_many_attempts") => Err(Problem::new(reasons::TOO_MANY_ATTEMPTS)),
        Some("already_registered") => Err(Problem::new(reasons::ALREADY_REGISTERED)),
        _ => Err(Problem::new(reasons::EXPIRED)),
    }
}
