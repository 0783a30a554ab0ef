//! From a question to its answer: what both ways of asking share.

use std::time::Duration;

use portfolio_query::understand::model::ModelReply;
use portfolio_query::understand::{Names, Understanding, speaks_of_advice, understand, words_of};
use portfolio_query::{Operation, Query, say};
use serde::Serialize;
use serde_json::{Value, json};
use shared::auth::Credential;
use shared::db::{Entry, Statement, statement};
use shared::http::Events;
use shared::problem::reasons::NOT_FOUND;
use shared::{App, Caller, Db, Problem, clock, typed};
use stores::queries::{self, ExecutedQuery, QueryOrder};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::answer::{ChatAnswer, ChatOption, Kind};
use crate::ask::ChatRequest;
use crate::model::{self, ModelSkipped, Models, QuestionForModel};
use crate::reasons::QUERY_LIMIT_REACHED;
use crate::turns::Turn;
use crate::usage::{self, Usage};

/// What is said to who asks for advice.
const NO_ADVICE: &str = "KiteMate gives no advice on what to buy, sell or hold, and no forecasts. Ask about your own figures \
                         instead: what a holding gained, what share of the portfolio it has, how long it has been held.";
/// What is said where a plan has no comparisons.
const PRO_ONLY: &str =
    "Comparing periods is part of Pro. Ask for one of the periods, or run the query by itself.";

/// Where steps of an answer are told as they are made: to a stream, or to nobody.
pub(crate) struct Progress(Option<Events>);

impl Progress {
    /// To nobody.
    pub(crate) fn silent() -> Self {
        Self(None)
    }

    /// To a stream.
    pub(crate) fn to(events: Events) -> Self {
        Self(Some(events))
    }

    /// How long models may take: a stream has more time than a request, which ends after 25 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(if self.0.is_some() { 40 } else { 12 })
    }

    async fn tell<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), Problem> {
        match &self.0 {
            Some(events) => events.send(event, data).await,
            None => Ok(()),
        }
    }
}

/// What is read before a question is understood.
pub(crate) struct ReservedQuestion {
    turn_id: Uuid,
    usage: Usage,
    names: Names,
    certified: Option<Query>,
    before: Option<Query>,
    /// The models that the workspace agreed to.
    agreed: Option<Value>,
}

impl ReservedQuestion {
    /// Reserves a question and reads what is needed to understand it.
    pub(crate) async fn reserve(
        db: &Db,
        caller: &Caller,
        request: &ChatRequest,
    ) -> Result<Self, Problem> {
        let turn_id = Uuid::now_v7();
        let (question, words) = (Some(turn_id), words_of(&request.question));
        let certified =
            statement("select query from query.certified where words = $1", [typed(&words)]);
        let before = statement(
            "select c.conversation_id, t.query from chat.conversations c
             left join lateral (
                 select t.query from chat.turns t
                 where t.conversation_id = c.conversation_id and t.query is not null
                 order by t.asked_at desc, t.turn_id desc limit 1
             ) t on true
             where c.conversation_id = $1",
            [typed(&request.conversation_id)],
        );
        let accounts = stores::accounts::all();
        let used = usage::statement_of(&question);
        let first = [certified, before, queries::names(), accounts, used, model::consent()];
        let [certified, before, names, accounts, used, consents] = db.write(caller, first).await?;
        let used = used.first().ok_or_else(|| Problem::new(NOT_FOUND))?;
        let usage = Usage::read(used);
        let conversation = before.first();
        let certified = certified.first().and_then(stored_query);
        if request.conversation_id.is_some() && conversation.is_none() {
            db.write(Entry::Again(caller), [settle(&turn_id, &false)]).await?;
            return Err(Problem::new(NOT_FOUND));
        }
        if !used.get::<_, bool>("reserved") && certified.is_none() {
            let resets_at = usage.resets_at;
            return Err(Problem::new(QUERY_LIMIT_REACHED).with("resetsAt", resets_at));
        }
        let before = conversation.and_then(stored_query);
        let names = queries::read_names(&names, &accounts);
        let agreed = model::agreed(&consents);
        Ok(Self { turn_id, usage, names, certified, before, agreed })
    }
}

fn stored_query(row: &Row) -> Option<Query> {
    let query: Option<Value> = row.get("query");
    Query::read(&query?).ok()
}

/// Answers a question, and settles it: a fault returns it.
pub(crate) async fn answer(
    app: &App,
    caller: &Caller,
    request: &ChatRequest,
    reserved: ReservedQuestion,
    progress: &Progress,
) -> Result<ChatAnswer, Problem> {
    let turn_id = reserved.turn_id;
    let answered = attempt(app, caller, request, reserved, progress).await;
    if answered.is_err() {
        // A reservation that cannot be returned now ends by itself.
        let _ = app.db().write(Entry::Again(caller), [settle(&turn_id, &false)]).await;
    }
    answered
}

async fn attempt(
    app: &App,
    caller: &Caller,
    request: &ChatRequest,
    reserved: ReservedQuestion,
    progress: &Progress,
) -> Result<ChatAnswer, Problem> {
    let db = app.db();
    let mut answer = ChatAnswer::new(reserved.turn_id, reserved.usage.clone());
    let Interpreted { understanding, by, text, model_skipped } =
        interpret(app, caller, request, reserved, progress.patience()).await;
    answer.model_skipped = model_skipped;
    let mut run = None;
    match understanding {
        Understanding::Advice => (answer.kind, answer.text) = (Kind::Advice, NO_ADVICE.to_owned()),
        Understanding::Nothing { message } => answer.text = message,
        Understanding::Ask { message, options } => {
            (answer.kind, answer.text) = (Kind::QuestionBack, message);
            answer.options = options.into_iter().map(ChatOption::from).collect();
        }
        Understanding::Query { query, mended } => {
            answer.understand(&query, by, mended);
            if answer.usage.allowed.is_some() && query.operation == Operation::Compare {
                (answer.kind, answer.text) = (Kind::NotPermitted, PRO_ONLY.to_owned());
            } else {
                answer.kind = Kind::Answer;
                run = Some(query);
            }
        }
    }
    progress.tell("understood", &answer.understood()).await?;
    if let Some(query) = run {
        let question = Some(request.question.clone());
        let order = QueryOrder { query: &query, question, cursor: None };
        let executed = queries::execute(db, Entry::Again(caller), order).await?;
        fill(&mut answer, &query, text.as_deref(), executed)?;
        progress.tell("data", &answer.data()).await?;
    }
    progress.tell("text", &json!({ "text": answer.text })).await?;
    let answer = keep(db, caller, request, answer).await?;
    progress.tell("usage", &answer.usage).await?;
    Ok(answer)
}

/// What a question was taken for.
struct Interpreted {
    understanding: Understanding,
    /// `certified`, `model` or `rules`.
    by: &'static str,
    /// A model's sentence for the answer.
    text: Option<String>,
    model_skipped: Option<ModelSkipped>,
}

/// What a question means: by whoever certified it, by a model where the workspace agreed to one, else by rules. Advice is
/// refused before a model is asked.
async fn interpret(
    app: &App,
    caller: &Caller,
    request: &ChatRequest,
    reserved: ReservedQuestion,
    patience: Duration,
) -> Interpreted {
    let ReservedQuestion { names, certified, before, agreed, .. } = reserved;
    let (question, before) = (request.question.as_str(), before.as_ref());
    let today = clock::india_day(clock::now());
    if let Some(query) = certified {
        let understanding = Understanding::Query { query, mended: Vec::new() };
        return Interpreted { understanding, by: "certified", text: None, model_skipped: None };
    }
    let mut model_skipped = None;
    if let Some(agreed) = agreed.filter(|_| !speaks_of_advice(question)) {
        let (names, agreed) = (&names, &agreed);
        let asked = QuestionForModel { question, names, today, before, agreed, patience };
        match Models::understand(app, caller, &asked).await {
            Ok(ModelReply { understanding, text }) => {
                return Interpreted { understanding, by: "model", text, model_skipped };
            }
            Err(why) => model_skipped = Some(why),
        }
    }
    let understanding = understand(question, &names, today, before);
    Interpreted { understanding, by: "rules", text: None, model_skipped }
}

/// Settles a question, and adds it to its conversation.
async fn keep(
    db: &Db,
    caller: &Caller,
    request: &ChatRequest,
    mut answer: ChatAnswer,
) -> Result<ChatAnswer, Problem> {
    let counts = answer.counts();
    if counts {
        answer.usage = answer.usage.with_one_more();
    }
    let turn_id = answer.turn_id;
    let settle = settle(&turn_id, &counts);
    if matches!(caller.by, Credential::Key(..)) {
        db.write(Entry::Again(caller), [settle]).await?;
        return Ok(answer);
    }
    let conversation_id = request.conversation_id.unwrap_or_else(Uuid::now_v7);
    answer.conversation_id = Some(conversation_id);
    let turn = Turn::of(conversation_id, &request.question, &answer)?;
    db.write(Entry::Again(caller), [settle, turn.begin(), turn.add()]).await?;
    Ok(answer)
}

/// Puts what came of a query into an answer.
fn fill(
    answer: &mut ChatAnswer,
    query: &Query,
    text: Option<&str>,
    executed: ExecutedQuery,
) -> Result<(), Problem> {
    let ExecutedQuery { query_id, answer: cells, versions, healths, left_out, .. } = executed;
    answer.query_id = Some(query_id);
    // A model's sentence that may not be shown is dropped; the log says why.
    let worded = text.and_then(|text| {
        let worded = say::worded(text, query, &cells);
        worded.inspect_err(|unfit| tracing::info!(unfit = unfit.name(), "a text was dropped")).ok()
    });
    answer.text = match worded {
        Some(text) => text,
        None => say::fill(&say::sentence(query, &cells), &cells).map_err(Problem::internal)?,
    };
    answer.answer = Some(cells);
    answer.versions = Some(versions);
    answer.accounts = healths;
    answer.left_out = left_out;
    Ok(())
}

fn settle<'a>(question: &'a Uuid, counted: &'a bool) -> Statement<'a> {
    statement("select tenant.settle_question($1, $2)", [typed(question), typed(counted)])
}
