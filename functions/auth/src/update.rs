//! `PATCH /v1/auth/me`: changes what a person says of themselves.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::fields::{Fields, FromFields};
use shared::http::{Json, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, typed};
use utoipa::ToSchema;

use crate::register::person_name;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(update), Access::Person)
}

/// What changes.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "Asha Rao" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct UpdateRequest {
    /// How to address the person; at most 100 characters.
    name: String,
}

struct Asked {
    name: String,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self { name: fields.required("name", person_name)? })
    }
}

/// Changes the caller's name.
#[utoipa::path(patch, path = "/v1/auth/me", request_body = UpdateRequest, responses((status = 204)))]
async fn update(State(app): State<App>, caller: Caller, Json(asked): Json<Asked>) -> Reply {
    let rename = statement("select tenant.rename_person($1)", [typed(&asked.name)]);
    let (tx, _) = app.db().enter(&caller, [rename]).await?;
    tx.commit([]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
