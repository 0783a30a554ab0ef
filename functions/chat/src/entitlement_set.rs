//! `PUT /v1/chat/entitlements/{userId}`: the tier of somebody, set by an operator.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::{choice, future, printable};
use shared::routes;
use shared::{Access, Db, Problem, Timestamp, typed};

/// For operators.
pub fn route() -> Route {
    Route::new(routes!(entitlement_set), Access::Operator)
}

const TIERS: [(&str, &str); 2] = [("free", "free"), ("pro", "pro")];

shared::request! {
    /// What somebody is entitled to.
    #[example({ "tier": "pro", "reason": "a trial" })]
    struct EntitlementRequest {
        /// The tier.
        tier: &'static str = choice(TIERS),
        /// Until when; for ever without it.
        until: Option<Timestamp> = future(),
        /// Why, for the audit log.
        reason: String = printable(200),
    }
}

/// Sets the tier of a person: it counts for every workspace that they pay for, from the next question on.
#[utoipa::path(put, path = "/v1/chat/entitlements/{userId}", request_body = EntitlementRequest,
    params(("userId" = Uuid, Path, description = "The person.")),
    responses((status = 204)))]
async fn entitlement_set(
    State(db): State<Db>,
    Id(user): Id,
    Json(request): Json<EntitlementRequest>,
) -> Reply {
    let EntitlementRequest { tier, until, reason } = request;
    let sql = "select tenant.set_entitlement($1, $2, $3, $4) as found";
    let params = [typed(&user), typed(&tier), typed(&until), typed(&reason)];
    let rows = db.query(sql, params).await?;
    if !rows.first().is_some_and(|row| row.get("found")) {
        return Err(Problem::new(NOT_FOUND));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
