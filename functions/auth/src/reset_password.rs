//! `POST /v1/auth/reset-password`: the mailed code sets a new password and ends every session.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::crypto::code_sha256;
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::id;
use shared::routes;
use shared::{Access, App, Problem, Secret, clock, typed};
use uuid::Uuid;

use crate::code::mailed_code;
use crate::{password, reasons};

/// Attempts from one address; each reset has five of its own.
const PER_ADDRESS: Limit = Limit { name: "reset", most: 60, window_s: 3600 };

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(reset_password), Access::Public)
}

shared::request! {
    /// Which reset, its code, and the new password.
    #[example({ "resetId": "019a0000-0000-7000-8000-000000000001", "code": "12345678", "password": "monsoon-ledger-28" })]
    struct ResetPasswordRequest {
        /// From the answer of `/v1/auth/forgot-password`.
        reset_id: Uuid = id(),
        /// The eight digits of the mail.
        code: String = mailed_code(),
        /// The new password: 10 to 200 characters.
        password: Secret = password::reader(),
    }
}

/// Sets the password, and ends every session and every API key of the person. A wrong code counts as one of
/// five attempts.
#[utoipa::path(post, path = "/v1/auth/reset-password", request_body = ResetPasswordRequest,
    responses((status = 204)))]
async fn reset_password(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Json(request): Json<ResetPasswordRequest>,
) -> Reply {
    PER_ADDRESS.take(&app, &address.subject(), clock::now()).await?;
    let rows = app
        .db()
        .query(
            "select outcome from tenant.reset_password($1, $2, $3, $4, $5)",
            [
                typed(&request.reset_id),
                typed(&code_sha256(request.reset_id, &request.code)),
                typed(&password::hash(&request.password)?),
                typed(&request_id),
                typed(&address.text()),
            ],
        )
        .await?;
    match rows.first().map(|row| row.get("outcome")) {
        Some("ok") => Ok(StatusCode::NO_CONTENT.into_response()),
        Some("wrong_code") => Err(Problem::new(reasons::WRONG_CODE)),
        Some("too_many_attempts") => Err(Problem::new(reasons::TOO_MANY_ATTEMPTS)),
        _ => Err(Problem::new(reasons::EXPIRED)),
    }
}
