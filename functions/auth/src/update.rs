//! `PATCH /v1/auth/me`: changes what a person says of themselves.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, typed};

use crate::register::person_name;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(update), Access::Person)
}

shared::request! {
    /// What changes.
    #[example({ "name": "Asha Rao" })]
    struct UpdateRequest {
        /// How to address the person; at most 100 characters.
        name: String = person_name(),
    }
}

/// Changes the caller's name.
#[utoipa::path(patch, path = "/v1/auth/me", request_body = UpdateRequest, responses((status = 204)))]
async fn update(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<UpdateRequest>,
) -> Reply {
    let rename = statement("select tenant.rename_person($1)", [typed(&request.name)]);
    let (tx, _) = app.db().enter(&caller, [rename]).await?;
    tx.commit([]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
