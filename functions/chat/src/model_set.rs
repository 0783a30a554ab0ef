//! `PUT /v1/chat/model`: agrees to language models, or takes it back.

use axum::extract::State;
use serde_json::{Value, json};
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::request::{flag, whole};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};

use crate::model::{Models, TEXT_VERSION, consent};
use crate::model_get::{ModelSettings, spending};
use crate::reasons::{NO_MODEL, OTHER_TEXT};

/// For owners and admins.
pub fn route() -> Route {
    Route::new(routes!(model_set), Access::member(Permission::ManageWorkspace))
}

shared::request! {
    /// Whether questions may be sent to language models.
    #[example({ "agree": true, "textVersion": 1 })]
    struct ModelConsentRequest {
        /// Yes, or no (any more).
        agree: bool = flag(),
        /// The version of the text that was shown, from `GET /v1/chat/model`.
        text_version: i32 = whole(1, 1_000_000),
    }
}

/// Agrees that questions of the workspace are sent to the installation's language models, or takes that back. Either is in the
/// audit log, with the version of the text and the models.
#[utoipa::path(put, path = "/v1/chat/model", request_body = ModelConsentRequest,
    responses((status = 200, body = ModelSettings)))]
async fn model_set(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<ModelConsentRequest>,
) -> Reply {
    let ModelConsentRequest { agree, text_version } = request;
    // Taking it back needs no models.
    let models = if agree { Models::read(&app).await? } else { Models::default() };
    if agree && models.models.is_empty() {
        return Err(Problem::new(NO_MODEL));
    }
    if agree && text_version != TEXT_VERSION {
        return Err(Problem::new(OTHER_TEXT));
    }
    let listed = models.listed();
    let change = if agree {
        statement(
            "insert into chat.model_consents as c (workspace_id, text_version, models, user_id)
             values (tenant.workspace(), $1, $2, tenant.person())
             on conflict on constraint model_consents_pk do update
             set text_version = excluded.text_version, models = excluded.models, user_id = excluded.user_id, agreed_at = now()
             where (c.text_version, c.models) is distinct from (excluded.text_version, excluded.models)
             returning text_version, models",
            [typed(&text_version), typed(&listed)],
        )
    } else {
        statement("delete from chat.model_consents returning text_version, models", [])
    };
    let (tx, [changed]) = app.db().enter(&caller, [change]).await?;
    let act = if agree { "model.agreed" } else { "model.refused" };
    let detail = changed.first().map(|row| {
        let (version, models): (i32, Value) = (row.get("text_version"), row.get("models"));
        json!({ "textVersion": version, "models": models })
    });
    // What was so already is nobody's act.
    let audit = statement(
        "select tenant.audit($1, null, $2) where $2 is not null",
        [typed(&act), typed(&detail)],
    );
    let [_, consents, spending] = tx.commit([audit, consent(), spending()]).await?;
    let models = if agree { models } else { Models::read(&app).await.unwrap_or_default() };
    shared::http::ok(ModelSettings::of(&models, &consents, &spending))
}
