//! `POST /v1/auth/forgot-password`: asks for a code that sets a new password.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use shared::events::{self, Envelope, PasswordResetRequested};
use shared::http::{Json, Reply, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::email;
use shared::routes;
use shared::{Access, App, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// Requests from one address.
const PER_ADDRESS: Limit = Limit { name: "forgot", most: 20, window_s: 3600 };
/// Requests for one e-mail address, each of which may send it a mail.
const PER_EMAIL: Limit = Limit { name: "forgot-email", most: 5, window_s: 3600 };
/// A reset waits this long for its code.
const EXPIRES_AFTER_S: i64 = 3600;

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(forgot_password), Access::Public)
}

shared::request! {
    /// Whose password is forgotten.
    #[example({ "email": "asha@example.in" })]
    struct ForgotPasswordRequest {
        /// The address that was registered, in any case.
        email: String = email(),
    }
}

/// The reset that waits for its code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResetAsked {
    /// Send it with the mailed code and the new password to `/v1/auth/reset-password`.
    reset_id: Uuid,
    /// Until when the code is good.
    expires_at: Timestamp,
}

/// Mails a code if the address has an account. The answer and the work are the same if it has none. One address is mailed
/// five times an hour; what is asked beyond that is not mailed, and answered as always.
#[utoipa::path(post, path = "/v1/auth/forgot-password", request_body = ForgotPasswordRequest,
    responses((status = 202, body = ResetAsked)))]
async fn forgot_password(
    State(app): State<App>,
    address: SourceAddress,
    Json(request): Json<ForgotPasswordRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let reset_id = Uuid::now_v7();
    let expires_at = clock::later(now, EXPIRES_AFTER_S);
    if !PER_EMAIL.allows(&app, &request.email, now).await? {
        // Whoever asks too often for an address keeps nobody out: earlier codes stay good.
        return shared::http::json(StatusCode::ACCEPTED, &ResetAsked { reset_id, expires_at });
    }
    let event = Envelope::new(None, &PasswordResetRequested { reset_id })?;
    app.db()
        .query(
            "select tenant.ask_reset($1, $2, $3, $4, $5, $6, $7)",
            [
                typed(&reset_id),
                typed(&request.email),
                typed(&expires_at),
                typed(&event.event_id),
                typed(&event.event),
                typed(&event.body),
                typed(&event.trace),
            ],
        )
        .await?;
    events::dispatch(&app, &[event]).await;
    shared::http::json(StatusCode::ACCEPTED, &ResetAsked { reset_id, expires_at })
}
