//! `GET /v1/chat/model`: the models of the installation, whether the workspace agreed to them, and what they cost it.

use axum::extract::State;
use jiff::civil::Date;
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

use crate::model::{Models, TEXT, TEXT_VERSION, consent};

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
    /// Who agreed to it; null where nobody has, or to an older text. Questions are understood by rules alone then.
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

/// What was used of models in a month.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ModelSpending {
    /// The month's first day; null where nothing was used.
    month: Option<Date>,
    /// Prompts, those that mend faults with them.
    calls: i64,
    /// Tokens of prompts.
    input_tokens: i64,
    /// Tokens of answers.
    output_tokens: i64,
    /// US dollars, and what is set aside for prompts that are not answered yet.
    used: String,
    /// US dollars that may be used; at the cap rules understand questions.
    cap: String,
}

/// Which language models may understand questions, what is sent to them, whether the workspace agreed, and what they cost
/// it this month.
#[utoipa::path(get, path = "/v1/chat/model", responses((status = 200, body = ModelSettings)))]
async fn model_get(State(app): State<App>, caller: Caller, _: Query<Nothing>) -> Reply {
    let [consents, spending] = app.db().read(&caller, [consent(), spending()]).await?;
    let models = Models::read(&app).await?;
    shared::http::ok(ModelSettings::of(models, &consents, &spending))
}

/// What the running month has cost.
pub(crate) fn spending<'a>() -> Statement<'a> {
    statement(
        "select month, calls, input_tokens, output_tokens, micros from chat.model_spending
         where month = date_trunc('month', now() at time zone 'Asia/Kolkata')::date",
        [],
    )
}

impl ModelSettings {
    pub(crate) fn of(models: Models, consents: &[Row], spending: &[Row]) -> Self {
        let agreed =
            consents.iter().filter(|row| row.get::<_, i32>("text_version") == TEXT_VERSION);
        let agreed = agreed.map(|row| ModelConsent {
            user_id: row.get("user_id"),
            agreed_at: row.get("agreed_at"),
        });
        let dollars = |micros: i64| Decimal::new(micros, 6).to_string();
        let cap = dollars(models.cap_micros());
        let used = |row: &Row| ModelSpending {
            month: Some(row.get("month")),
            calls: row.get("calls"),
            input_tokens: row.get("input_tokens"),
            output_tokens: row.get("output_tokens"),
            used: dollars(row.get("micros")),
            cap: cap.clone(),
        };
        let nothing = || ModelSpending { used: dollars(0), cap: cap.clone(), ..Default::default() };
        let models = models.models.into_iter();
        Self {
            models: models
                .map(|one| ModelName {
                    kind: one.kind.name(),
                    model: one.model,
                    base_url: one.base_url,
                })
                .collect(),
            text: ModelText { version: TEXT_VERSION, text: TEXT },
            agreed: { agreed }.next(),
            spending: spending.first().map_or_else(nothing, used),
        }
    }
}
