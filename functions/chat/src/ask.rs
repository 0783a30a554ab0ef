//! `POST /v1/chat/query`: answers a question in plain language.

use axum::extract::State;
use portfolio_query::understand::{Names, Understanding, understand, words_of};
use portfolio_query::{Operation, Query, say};
use serde_json::Value;
use shared::auth::Credential;
use shared::db::{Entry, statement};
use shared::http::{Json, Reply, Route};
use shared::problem::reasons::{NOT_FOUND, TOO_MUCH_WORK};
use shared::request::{id, printable};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock, typed};
use stores::queries::{self, Executed};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::answered::{ChatAnswer, ChatOption, Kind};
use crate::reasons::QUERY_LIMIT_REACHED;
use crate::turns::Turn;
use crate::usage::{self, Usage};

/// For any member, and keys with `chat:ask`.
pub fn route() -> Route {
    Route::new(routes!(ask), Access::MemberOrKey(Permission::Ask)).computing()
}

shared::request! {
    /// A question.
    #[example({ "question": "How much did I make this year?" })]
    struct ChatRequest {
        /// In English or Hinglish.
        question: String = printable(500),
        /// The conversation it goes on with: "and last month?" is about the question before.
        conversation_id: Option<Uuid> = id(),
    }
}

/// What is said to who asks for advice.
const NO_ADVICE: &str = "KiteMate gives no advice on what to buy, sell or hold, and no forecasts. Ask about your own figures \
                         instead: what a holding gained, what share of the portfolio it has, how long it has been held.";
/// What is said where a plan has no comparisons.
const PRO_ONLY: &str =
    "Comparing periods is part of Pro. Ask for one of the periods, or run the query by itself.";

/// Answers a question by a query, and says what was understood. A question that could mean several things is asked back, one
/// that was not understood is not answered, and advice is not given: none of these counts against the plan. Answers belong to
/// a conversation, which the next question may go on with.
#[utoipa::path(post, path = "/v1/chat/query", request_body = ChatRequest,
    responses((status = 200, body = ChatAnswer)))]
async fn ask(State(db): State<Db>, caller: Caller, Json(request): Json<ChatRequest>) -> Reply {
    let turn_id = Uuid::now_v7();
    let begun = Begun::read(&db, &caller, &request, turn_id).await?;
    let answered = answer(&db, &caller, &request, begun).await;
    if answered.is_err() {
        // What failed is not counted; a reservation that cannot be returned now ends by itself.
        let settle = settle(&turn_id, &false);
        let _ = db.write(Entry::Again(&caller), [settle]).await;
    }
    shared::http::ok(answered?)
}

/// What is read before a question is understood.
struct Begun {
    turn_id: Uuid,
    usage: Usage,
    names: Names,
    certified: Option<Query>,
    before: Option<Query>,
}

impl Begun {
    async fn read(
        db: &Db,
        caller: &Caller,
        request: &ChatRequest,
        turn_id: Uuid,
    ) -> Result<Self, Problem> {
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
        let first = [certified, before, queries::names(), accounts, usage::statement_of(&question)];
        let [certified, before, names, accounts, used] = db.write(caller, first).await?;
        let used = used.first().ok_or_else(|| Problem::new(NOT_FOUND))?;
        let usage = Usage::read(used);
        let conversation = before.first();
        let certified = certified.first().and_then(stored_query);
        if request.conversation_id.is_some() && conversation.is_none() {
            return Err(Problem::new(NOT_FOUND));
        }
        if !used.get::<_, bool>("reserved") && certified.is_none() {
            let resets_at = usage.resets_at;
            return Err(Problem::new(QUERY_LIMIT_REACHED).with("resetsAt", resets_at));
        }
        let before = conversation.and_then(stored_query);
        let names = queries::read_names(&names, &accounts);
        Ok(Self { turn_id, usage, names, certified, before })
    }
}

fn stored_query(row: &Row) -> Option<Query> {
    let query: Option<Value> = row.get("query");
    Query::read(&query?).ok()
}

async fn answer(
    db: &Db,
    caller: &Caller,
    request: &ChatRequest,
    begun: Begun,
) -> Result<ChatAnswer, Problem> {
    let Begun { turn_id, usage, names, certified, before } = begun;
    let today = clock::india_day(clock::now());
    let (understanding, by) = match certified {
        Some(query) => (Understanding::Query { query, mended: Vec::new() }, "certified"),
        None => (understand(&request.question, &names, today, before.as_ref()), "rules"),
    };
    let mut answer = ChatAnswer::new(turn_id, usage);
    match understanding {
        Understanding::Advice => (answer.kind, answer.text) = (Kind::Advice, NO_ADVICE.to_owned()),
        Understanding::Nothing { message } => answer.text = message,
        Understanding::Ask { message, options } => {
            (answer.kind, answer.text) = (Kind::QuestionBack, message);
            answer.options = options.into_iter().map(ChatOption::from).collect();
        }
        Understanding::Query { query, mended } => {
            answer.understand(&query, by, mended);
            let free = answer.usage.allowed.is_some();
            if free && query.operation == Operation::Compare {
                (answer.kind, answer.text) = (Kind::NotPermitted, PRO_ONLY.to_owned());
            } else {
                let question = Some(request.question.clone());
                let executed = queries::execute(db, Entry::Again(caller), &query, question).await?;
                fill(&mut answer, &query, executed)?;
            }
        }
    }
    keep(db, caller, request, answer).await
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
fn fill(answer: &mut ChatAnswer, query: &Query, executed: Executed) -> Result<(), Problem> {
    let Executed { query_id, answer: cells, versions, healths, left_out, .. } = executed;
    answer.query_id = Some(query_id);
    let mut cells = cells.ok_or_else(|| Problem::new(TOO_MUCH_WORK))?;
    cells.rows.truncate(query.limit);
    answer.kind = Kind::Answer;
    answer.text = say::fill(&say::sentence(query, &cells), &cells).map_err(Problem::internal)?;
    answer.answer = Some(cells);
    answer.versions = Some(versions);
    answer.accounts = healths;
    answer.left_out = left_out;
    Ok(())
}

fn settle<'a>(question: &'a Uuid, counted: &'a bool) -> shared::db::Statement<'a> {
    statement("select tenant.settle_question($1, $2)", [typed(question), typed(counted)])
}
