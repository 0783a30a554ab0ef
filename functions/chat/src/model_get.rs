//! `GET /v1/chat/model`: the models of the installation, whether the workspace agreed to them, and what they cost it.

use axum::extract::State;
use models::Model;
use rust_decimal::Decimal;
use serde::Serialize;
use shared::db::{Statement, statement};
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, Permission, Timestamp};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Models, TEXT, TEXT_VERSION, agreed, consent};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(model_get), Access::member(Permission::Ask))
}

/// Language models and this workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelSettings {
    /// The models that questions may be sent to, in the order they are asked; empty where the installation has none.
    models: Vec<ModelName>,
    /// What is agreed to.
    text: ModelText,
    /// Who agreed to it; null where nobody has, or to another text or other models. Questions are understood by rules then.
    agreed: Option<ModelConsent>,
    /// The running month, in India.
    spending: ModelSpending,
}

/// A model.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ModelName {
    /// `openai` or `anthropic`: the interface it is spoken to by.
    kind: &'static str,
    /// Its name at the provider.
    model: String,
    /// Where it is.
    base_url: String,
}

/// What a workspace agrees to.
#[derive(Serialize, ToSchema)]
struct ModelText {
    version: i32,
    text: &'static str,
}

/// Who agreed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ModelConsent {
    user_id: Uuid,
    agreed_at: Timestamp,
}

/// What was used of models in the running month, in India.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ModelSpending {
    /// Prompts of this workspace.
    prompts: i64,
    /// Tokens of prompts.
    input_tokens: i64,
    /// Tokens of answers.
    output_tokens: i64,
    /// US dollars, with what is set aside for prompts that are not answered yet.
    used: String,
    /// The same for all workspaces of whoever pays for this one.
    used_by_payer: String,
    /// US dollars that the payer may use up. At the cap questions are understood by rules.
    cap: String,
}

/// Which language models may understand questions, what is sent to them, whether the workspace agreed, and what they cost
/// it this month.
#[utoipa::path(get, path = "/v1/chat/model", responses((status = 200, body = ModelSettings)))]
async fn model_get(State(app): State<App>, caller: Caller, _: Query<Nothing>) -> Reply {
    let [consents, spending] = app.db().read(&caller, [consent(), spending()]).await?;
    let models = Models::read(&app).await?;
    shared::http::ok(ModelSettings::of(&models, &consents, &spending))
}

/// What the running month has cost.
pub(crate) fn spending<'a>() -> Statement<'a> {
    statement(
        "select prompts, input_tokens, output_tokens, micros, payer_micros from tenant.model_spending()",
        [],
    )
}

impl ModelSettings {
    pub(crate) fn of(models: &Models, consents: &[Row], spending: &[Row]) -> Self {
        let is_agreed = agreed(consents).is_some_and(|agreed| agreed == models.listed());
        let consent = consents.first().filter(|_| is_agreed).map(|row| ModelConsent {
            user_id: row.get("user_id"),
            agreed_at: row.get("agreed_at"),
        });
        let count = |name: &str| spending.first().map_or(0, |row| row.get::<_, i64>(name));
        let dollars = |micros: i64| Decimal::new(micros, 6).to_string();
        let model = |one: &Model| ModelName {
            kind: one.kind.name(),
            model: one.model.clone(),
            base_url: one.base_url.clone(),
        };
        Self {
            models: models.models.iter().map(model).collect(),
            text: ModelText { version: TEXT_VERSION, text: TEXT },
            agreed: consent,
            spending: ModelSpending {
                prompts: count("prompts"),
                input_tokens: count("input_tokens"),
                output_tokens: count("output_tokens"),
                used: dollars(count("micros")),
                used_by_payer: dollars(count("payer_micros")),
                cap: dollars(models.cap_micros()),
            },
        }
    }
}
