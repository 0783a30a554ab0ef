//! Asking a model what a question means.
//!
//! Models are the deployment's: their keys, addresses, names and prices are in a secret. A workspace agrees to what is sent,
//! in the version of [`TEXT`] that it was shown. What a month may cost a workspace is bounded: the most that a prompt can cost
//! is set aside before it is sent, and what it did cost takes its place after it.

use std::time::Duration;

use jiff::civil::Date;
use models::{Completion, Model, Prompt};
use portfolio_query::Query;
use portfolio_query::understand::Names;
use portfolio_query::understand::model::{self, ModelReply};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use shared::db::{Entry, Statement, statement};
use shared::{App, Caller, Problem, typed};
use utoipa::ToSchema;

/// The version of [`TEXT`]. Whoever agreed to another one has not agreed.
pub(crate) const TEXT_VERSION: i32 = 1;
/// What a workspace agrees to.
pub(crate) const TEXT: &str = "Questions of this workspace are sent to the language models listed here, so that they are \
    understood better. With a question are sent: the query of the question before it, today's date, and the names of the \
    workspace's securities, sectors, accounts and brokers. No amount, quantity or price of the portfolio is sent, and no name \
    or address of a person, unless a question or the name of an account has it. The providers are asked not to keep anything. \
    Figures are worked out by KiteMate and never by a model.";

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(9);
/// Longest wait for all of them; a request may take 29 seconds.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(20);
/// An answer, and one that mends its faults.
const ROUNDS: usize = 2;
/// Tokens of an answer; some models think within them.
const MOST_TOKENS: u32 = 2_000;

/// The models of this installation: `{"monthlyCap": "5", "models": [{"kind": "openai", "baseUrl": "https://api.openai.com/v1",
/// "apiKey": "…", "model": "…", "inputPrice": "1.25", "outputPrice": "10"}]}`. They are asked in this order.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Models {
    #[serde(default)]
    pub(crate) models: Vec<Model>,
    /// US dollars that a workspace may use up in a month.
    #[serde(default)]
    pub(crate) monthly_cap: Decimal,
}

/// Why no model understood a question although the workspace agreed to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChatModelSkipped)]
pub(crate) enum ModelSkipped {
    /// The month's spending cap is reached.
    SpendingCap,
    /// None answered in time.
    Unavailable,
    /// None answered with a query that has no faults.
    Unusable,
}

impl Models {
    /// The models of the secret that `MODELS_SECRET` names.
    pub(crate) async fn read(app: &App) -> Result<Self, Problem> {
        let secret = app.secrets().get(app.config().need("MODELS_SECRET")?).await?;
        // The parser's message could quote a key.
        serde_json::from_str(secret.expose()).map_err(|_| {
            Problem::internal(std::io::Error::other("the secret of models is not as its template"))
        })
    }

    /// The cap in millionths of a US dollar.
    pub(crate) fn cap_micros(&self) -> i64 {
        (self.monthly_cap * Decimal::from(1_000_000)).to_i64().unwrap_or(0).max(0)
    }

    /// What a question means to the first model that says it without faults.
    pub(crate) async fn understand(
        app: &App,
        caller: &Caller,
        question: &QuestionForModel<'_>,
    ) -> Result<ModelReply, ModelSkipped> {
        let asked = async { Self::read(app).await?.ask_each(app, caller, question).await };
        match tokio::time::timeout(PATIENCE_FOR_ALL, asked).await {
            Ok(Ok(reply)) => reply,
            // Rules answer instead, whatever it was.
            Ok(Err(problem)) => {
                tracing::error!(cause = %problem, "no model could be asked");
                Err(ModelSkipped::Unavailable)
            }
            Err(_) => Err(ModelSkipped::Unavailable),
        }
    }

    async fn ask_each(
        &self,
        app: &App,
        caller: &Caller,
        question: &QuestionForModel<'_>,
    ) -> Result<Result<ModelReply, ModelSkipped>, Problem> {
        let (instructions, schema) = (model::instructions(), model::schema());
        let QuestionForModel { question, names, today, before } = question;
        let first = model::message(question, names, *today, *before);
        let mut skipped = ModelSkipped::Unavailable;
        for model in &self.models {
            let mut said = vec![first.clone()];
            for _ in 0..ROUNDS {
                let prompt = Prompt {
                    instructions: &instructions,
                    said: &said,
                    schema: &schema,
                    name: "answer",
                    most_tokens: MOST_TOKENS,
                };
                let most = model.most_micros(&prompt);
                let Some(month) = set_aside(app, caller, most, self.cap_micros()).await? else {
                    skipped = ModelSkipped::SpendingCap;
                    break;
                };
                let completion = model.ask(app, &prompt, PATIENCE).await?;
                settle(app, caller, month, most, model, &completion).await?;
                let answer = match completion.answer {
                    Ok(answer) => answer,
                    Err(err) => {
                        tracing::warn!(cause = %err, model = model.model, "a model was not used");
                        skipped = ModelSkipped::Unavailable;
                        break;
                    }
                };
                match model::read(&answer) {
                    Ok(reply) => return Ok(Ok(reply)),
                    Err(faults) => {
                        skipped = ModelSkipped::Unusable;
                        said.extend([answer.to_string(), model::repair(&faults)]);
                    }
                }
            }
        }
        Ok(Err(skipped))
    }
}

/// A question, and what is sent with it.
pub(crate) struct QuestionForModel<'a> {
    pub(crate) question: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) today: Date,
    /// What the conversation asked before.
    pub(crate) before: Option<&'a Query>,
}

/// The version of the text that the workspace agreed to; no row where it has not, or has taken it back.
pub(crate) fn consent<'a>() -> Statement<'a> {
    statement("select text_version, user_id, agreed_at from chat.model_consents", [])
}

/// Sets the most that a prompt can cost aside, and answers the month it is of; nothing where the cap does not leave so much.
async fn set_aside(
    app: &App,
    caller: &Caller,
    micros: i64,
    cap: i64,
) -> Result<Option<Date>, Problem> {
    let set_aside = statement(
        "insert into chat.model_spending as s (workspace_id, month, calls, micros)
         select tenant.workspace(), date_trunc('month', now() at time zone 'Asia/Kolkata')::date, 1, $1 where $1 <= $2
         on conflict on constraint model_spending_pk do update set calls = s.calls + 1, micros = s.micros + excluded.micros
         where s.micros + excluded.micros <= $2
         returning month",
        [typed(&micros), typed(&cap)],
    );
    let [rows] = app.db().write(Entry::Again(caller), [set_aside]).await?;
    Ok(rows.first().map(|row| row.get("month")))
}

/// Puts what a prompt did cost in the place of what was set aside.
async fn settle(
    app: &App,
    caller: &Caller,
    month: Date,
    set_aside: i64,
    model: &Model,
    completion: &Completion,
) -> Result<(), Problem> {
    let tokens = completion.tokens;
    let change = model.micros(tokens).saturating_sub(set_aside);
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let (input, output) = (count(tokens.input), count(tokens.output));
    let settle = statement(
        "update chat.model_spending set micros = micros + $2, input_tokens = input_tokens + $3,
                output_tokens = output_tokens + $4
         where month = $1",
        [typed(&month), typed(&change), typed(&input), typed(&output)],
    );
    app.db().write(Entry::Again(caller), [settle]).await?;
    Ok(())
}
