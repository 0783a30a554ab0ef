//! Running a query, and the two rows of the log that it leaves.

use portfolio_query::answer::Answer;
use portfolio_query::{Fault, Query, describe};
use serde::Serialize;
use serde_json::Value;
use shared::page::{Page, PageQuery};
use shared::problem::reasons::TOO_MUCH_WORK;
use shared::{Caller, Db, Problem};
use stores::health::Health;
use stores::ledger::{LeftOut, Versions};
use stores::queries::{ExecutedQuery, Note, execute};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons::{CURSOR_GONE, INVALID_QUERY};

/// A query that is to be run.
pub(crate) struct Order {
    pub(crate) query: Value,
    /// The words it stands for.
    pub(crate) question: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// The answer to a query.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryAnswer {
    /// The query's place in the log: `GET /v1/query/queries/{queryId}` shows it again.
    pub(crate) query_id: Uuid,
    /// The query with everything that it says by default.
    #[schema(value_type = Object)]
    pub(crate) query: Value,
    /// What it asks, in words.
    pub(crate) description: String,
    #[serde(flatten)]
    pub(crate) answer: Answer,
    /// What to send as `cursor` for the next rows; null with the last.
    pub(crate) next_cursor: Option<String>,
    /// The versions of what it was worked out from: the same versions on the same day have the same answer.
    pub(crate) versions: Versions,
    /// How fresh each of the accounts is.
    pub(crate) accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Runs a query. It is in the log before it runs, and its outcome after.
pub(crate) async fn run(db: &Db, caller: &Caller, order: Order) -> Result<QueryAnswer, Problem> {
    let query = match Query::read(&order.query) {
        Ok(query) => query,
        Err(faults) => {
            let faults = serde_json::to_value(named(faults)).map_err(Problem::internal)?;
            let query_id = Uuid::now_v7();
            let sent = Note { query_id, question: &order.question, query: &order.query };
            db.write(caller, [sent.statement(&Some(faults.clone()))]).await?;
            return Err(Problem::new(INVALID_QUERY).with("faults", faults));
        }
    };
    let page = PageQuery { limit: query.limit as i64, cursor: order.cursor };
    let after: Option<String> = page.position()?;
    let executed = execute(db, caller.into(), &query, order.question).await?;
    let ExecutedQuery { query_id, answer, versions, healths, left_out, .. } = executed;
    let mut answer = answer.ok_or_else(|| Problem::new(TOO_MUCH_WORK))?;
    let next_cursor = cut(&mut answer, &page, after)?;
    Ok(QueryAnswer {
        query_id,
        description: describe(&query),
        query: query.to_json(),
        answer,
        next_cursor,
        versions,
        accounts: healths,
        left_out,
    })
}

/// Cuts an answer to a page, and tells where the next one begins.
fn cut(
    answer: &mut Answer,
    page: &PageQuery,
    after: Option<String>,
) -> Result<Option<String>, Problem> {
    let all = std::mem::take(&mut answer.rows);
    let from = match after {
        None => 0,
        Some(id) => {
            let at = all.iter().position(|row| row.id == id);
            at.ok_or_else(|| Problem::new(CURSOR_GONE))? + 1
        }
    };
    let fetch = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
    let rows = all.into_iter().skip(from).take(fetch).collect();
    let Page { items, next_cursor } = Page::cut(rows, page, |row| row.id.clone());
    answer.rows = items;
    Ok(next_cursor)
}

/// A fault of a query.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueryFault {
    /// Where in the query, as a JSON Pointer: `/filters/0/value`. Empty for the query as a whole.
    pub(crate) path: String,
    /// A stable word: `wrong_type`, `unknown_field`, `missing`, `unknown_word`, `out_of_range`, `too_many`, `repeated`,
    /// `not_together` or `newer_version`.
    pub(crate) reason: &'static str,
    /// What is wrong and what would be right, for people.
    pub(crate) message: String,
}

/// Faults as they are answered.
pub(crate) fn named(faults: Vec<Fault>) -> Vec<QueryFault> {
    let fault = |Fault { path, why, message }| QueryFault { path, reason: why.name(), message };
    faults.into_iter().map(fault).collect()
}
