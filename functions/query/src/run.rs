//! Running a query, and the two rows of the log that it leaves.

use portfolio_query::answer::Answer;
use portfolio_query::{Fault, Query, describe};
use serde::Serialize;
use serde_json::Value;
use shared::{Caller, Db, Problem};
use stores::health::Health;
use stores::ledger::LeftOut;
use stores::queries::{ExecutedQuery, Note, QueryOrder, execute};
use stores::versions::Versions;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons::INVALID_QUERY;

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
    let Order { question, cursor, .. } = order;
    let order = QueryOrder { query: &query, question, cursor };
    let executed = execute(db, caller.into(), order).await?;
    let ExecutedQuery { query_id, answer, next_cursor, versions, healths, left_out } = executed;
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
