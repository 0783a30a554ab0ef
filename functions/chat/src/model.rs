//! Asking a model what a question means.
//!
//! Models are the deployment's: their keys, addresses, names and prices are in a secret. A workspace agrees to a list of models
//! and to a version of [`TEXT`]; when either changes it is asked again. The most that a prompt can cost is set aside before
//! it is sent, and what it did cost takes its place after it.

use std::time::Duration;

use jiff::civil::Date;
use models::{Model, ModelError, Prompt, Tokens};
use portfolio_query::Query;
use portfolio_query::understand::Names;
use portfolio_query::understand::model::{self, ModelReply};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::db::{Entry, Statement, statement};
use shared::{App, Caller, Problem, typed};
use tokio::time::Instant;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// The version of [`TEXT`]. Whoever agreed to another one has not agreed.
pub(crate) const TEXT_VERSION: i32 = 1;
/// What a workspace agrees to.
pub(crate) const TEXT: &str = "Questions of this workspace are sent to the language models listed here, so that more of them are \
    understood. With a question are sent: the query of the question before it, today's date, and the names of the workspace's \
    securities, sectors, accounts and brokers. A name of an account that has a digit is sent as a number. No amount, quantity \
    or price of the portfolio is sent, and nothing about people, unless somebody writes it into a question or a name. OpenAI's \
    interface is asked not to keep anything; what other providers keep is between them and whoever runs this installation. \
    Figures are worked out by KiteMate and never by a model.";

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(9);
/// With less time left nothing is sent.
const LEAST_PATIENCE: Duration = Duration::from_secs(2);
/// Prompts to one model: the first, and another that mends faults or follows a passing failure.
const ROUNDS: usize = 2;
/// Tokens of an answer; some models think within them.
const MOST_TOKENS: u32 = 2_000;
/// A cap is at most so many US dollars.
const HIGHEST_CAP: i64 = 1_000_000;

/// The models of this installation: `{"monthlyCap": "5", "models": [{"kind": "openai", "baseUrl": "https://api.openai.com/v1",
/// "apiKey": "…", "model": "…", "inputPrice": "1.25", "outputPrice": "10"}]}`. They are asked in this order.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Models {
    #[serde(default)]
    pub(crate) models: Vec<Model>,
    /// US dollars that whoever pays may use up in a month, for all of their workspaces.
    #[serde(default)]
    monthly_cap: Decimal,
    /// US dollars that everybody together may use up in a month.
    total_monthly_cap: Option<Decimal>,
}

/// Why no model understood a question although the workspace agreed to some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChatModelSkipped)]
pub(crate) enum ModelSkipped {
    /// The installation has other models than the workspace agreed to.
    OtherModels,
    /// The month's spending cap is reached.
    SpendingCap,
    /// The provider was down, did not answer in time or declined.
    Unavailable,
    /// The answer was no query without faults.
    Unusable,
}

/// A question, and what is sent with it.
pub(crate) struct QuestionForModel<'a> {
    pub(crate) question: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) today: Date,
    /// What the conversation asked before.
    pub(crate) before: Option<&'a Query>,
    /// The models that the workspace agreed to.
    pub(crate) agreed: &'a Value,
    /// How long all models together may take.
    pub(crate) patience: Duration,
}

impl Models {
    /// The models of the secret that `MODELS_SECRET` names.
    pub(crate) async fn read(app: &App) -> Result<Self, Problem> {
        let secret = app.secrets().get(app.config().need("MODELS_SECRET")?).await?;
        let wrong = || std::io::Error::other("the secret of models is not as its template");
        // The parser's message could quote a key.
        let models: Self =
            serde_json::from_str(secret.expose()).map_err(|_| Problem::internal(wrong()))?;
        let is_cap = |cap: Decimal| (Decimal::ZERO..=Decimal::from(HIGHEST_CAP)).contains(&cap);
        let sound = is_cap(models.monthly_cap)
            && models.total_monthly_cap.is_none_or(is_cap)
            && models.models.iter().all(Model::has_sound_prices);
        if sound { Ok(models) } else { Err(Problem::internal(wrong())) }
    }

    /// The cap of whoever pays, in millionths of a US dollar.
    pub(crate) fn cap_micros(&self) -> i64 {
        micros(self.monthly_cap)
    }

    /// Interface, address and name of each: what a workspace agrees to.
    pub(crate) fn listed(&self) -> Value {
        let one = |model: &Model| json!({ "kind": model.kind.name(), "baseUrl": model.base_url, "model": model.model });
        self.models.iter().map(one).collect()
    }

    /// What a question means to the first model that says it without faults; otherwise why the first one did not.
    pub(crate) async fn understand(
        app: &App,
        caller: &Caller,
        question: &QuestionForModel<'_>,
    ) -> Result<ModelReply, ModelSkipped> {
        let asked = async { Self::read(app).await?.ask_each(app, caller, question).await };
        asked.await.unwrap_or_else(|problem: Problem| {
            // Rules answer instead.
            tracing::error!(cause = %problem, "no model could be asked");
            Err(ModelSkipped::Unavailable)
        })
    }

    async fn ask_each(
        &self,
        app: &App,
        caller: &Caller,
        question: &QuestionForModel<'_>,
    ) -> Result<Result<ModelReply, ModelSkipped>, Problem> {
        if self.listed() != *question.agreed {
            return Ok(Err(ModelSkipped::OtherModels));
        }
        let ends = Instant::now() + question.patience;
        let mut skipped = None;
        for model in &self.models {
            match self.ask_one(app, caller, model, question, ends).await? {
                Ok(reply) => return Ok(Ok(reply)),
                Err(why) => skipped = skipped.or(Some(why)),
            }
        }
        Ok(Err(skipped.unwrap_or(ModelSkipped::Unavailable)))
    }

    async fn ask_one(
        &self,
        app: &App,
        caller: &Caller,
        model: &Model,
        question: &QuestionForModel<'_>,
        ends: Instant,
    ) -> Result<Result<ModelReply, ModelSkipped>, Problem> {
        let QuestionForModel { question, names, today, before, .. } = question;
        let mut messages = vec![model::message(question, names, *today, *before)];
        let mut skipped = ModelSkipped::Unavailable;
        for _ in 0..ROUNDS {
            let patience = ends.saturating_duration_since(Instant::now()).min(PATIENCE);
            if patience < LEAST_PATIENCE {
                break;
            }
            let prompt = Prompt {
                instructions: &model::INSTRUCTIONS,
                messages: &messages,
                schema: &model::SCHEMA,
                name: "answer",
                most_tokens: MOST_TOKENS,
            };
            let most = model.most_tokens(&prompt);
            let prompt_id = Uuid::now_v7();
            if !self.set_aside(app, caller, prompt_id, model.micros(most)).await? {
                return Ok(Err(ModelSkipped::SpendingCap));
            }
            let asked = model.ask(app, &prompt, patience).await;
            let used = match &asked {
                // What is not known is taken for the most.
                Ok(completion) => completion.tokens.unwrap_or(most).at_most(most),
                // A fault of ours comes before anything is sent.
                Err(_) => Tokens::default(),
            };
            settle(app, caller, prompt_id, model, used).await;
            let completion = asked?;
            match completion.answer {
                Ok(answer) => match model::read(&answer, question, names, *before) {
                    Ok(reply) => return Ok(Ok(reply)),
                    Err(faults) => {
                        skipped = ModelSkipped::Unusable;
                        messages.extend([answer.to_string(), model::repair(&faults)]);
                    }
                },
                Err(err) => {
                    tracing::warn!(cause = %err, model = model.model, "a model was not used");
                    if matches!(err, ModelError::Unreadable | ModelError::Incomplete) {
                        return Ok(Err(ModelSkipped::Unusable));
                    }
                    let Some(pause) = err.pause() else { return Ok(Err(skipped)) };
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Ok(Err(skipped))
    }

    /// Sets the most that a prompt can cost aside; false where a cap does not leave so much.
    async fn set_aside(
        &self,
        app: &App,
        caller: &Caller,
        prompt_id: Uuid,
        most: i64,
    ) -> Result<bool, Problem> {
        let (cap, total) = (self.cap_micros(), self.total_monthly_cap.map(micros));
        let set_aside = statement(
            "select tenant.set_aside_prompt($1, $2, $3, $4) as done",
            [typed(&prompt_id), typed(&most), typed(&cap), typed(&total)],
        );
        let [rows] = app.db().write(Entry::Again(caller), [set_aside]).await?;
        Ok(rows.first().is_some_and(|row| row.get("done")))
    }
}

/// Millionths of a dollar.
fn micros(dollars: Decimal) -> i64 {
    (dollars * Decimal::from(1_000_000)).to_i64().unwrap_or(0)
}

/// Puts what a prompt did cost in the place of what was set aside. Where that fails the most stays counted: an answer is not
/// thrown away for it.
async fn settle(app: &App, caller: &Caller, prompt_id: Uuid, model: &Model, tokens: Tokens) {
    let cost = model.micros(tokens);
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let (input, output) = (count(tokens.input), count(tokens.output));
    let settle = statement(
        "select tenant.settle_prompt($1, $2, $3, $4)",
        [typed(&prompt_id), typed(&cost), typed(&input), typed(&output)],
    );
    if let Err(err) = app.db().write(Entry::Again(caller), [settle]).await {
        tracing::error!(cause = %Problem::from(err), "a prompt could not be settled");
    }
}

/// What the workspace agreed to; no row where it has not, or has taken it back.
pub(crate) fn consent<'a>() -> Statement<'a> {
    statement("select text_version, models, user_id, agreed_at from chat.model_consents", [])
}

/// The models of a row of [`consent`]; nothing where an older text was agreed to.
pub(crate) fn agreed(rows: &[Row]) -> Option<Value> {
    let row = rows.iter().find(|row| row.get::<_, i32>("text_version") == TEXT_VERSION)?;
    Some(row.get("models"))
}
