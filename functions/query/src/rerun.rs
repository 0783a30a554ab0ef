//! `POST /v1/query/queries/{queryId}/rerun`: a query once more, and what is different today.

use std::collections::BTreeMap;

use axum::extract::State;
use portfolio_query::answer::Answer;
use serde::Serialize;
use serde_json::Value;
use shared::db::Entry;
use shared::fields::Nothing;
use shared::http::{Id, Query as Params, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem};
use utoipa::ToSchema;

use crate::log_get::stored;
use crate::reasons::NOT_STORED;
use crate::run::{Order, QueryAnswer, run};

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(rerun), Access::member(Permission::Query)).computing()
}

/// The answer of today, and what is different.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueryRerun {
    answer: QueryAnswer,
    /// Cells that are not what they were; empty when nothing has changed.
    differences: Vec<QueryDifference>,
}

/// A cell that is not what it was.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct QueryDifference {
    /// The row's id.
    row: String,
    /// The column's number, from 0; null where the whole row is new or gone.
    column: Option<usize>,
    /// What it was; null of a new row, or where it was unknown.
    then: Option<String>,
    /// What it is; null of a row that is gone, or where it is unknown.
    now: Option<String>,
}

/// Runs a query of the caller's again, and tells which cells of its first rows are different today. Relative days, such as
/// this month, are those of today.
#[utoipa::path(post, path = "/v1/query/queries/{queryId}/rerun",
    params(("queryId" = Uuid, Path, description = "From an answer, or the list of queries.")),
    responses((status = 200, body = QueryRerun)))]
async fn rerun(State(db): State<Db>, caller: Caller, Id(query): Id, _: Params<Nothing>) -> Reply {
    let row = stored(&db, Entry::Again(&caller), query).await?;
    let then: Option<Value> = row.get("answer");
    let then = then.ok_or_else(|| Problem::new(NOT_STORED))?;
    let (question, query) = (row.get("question"), row.get("query"));
    let answer = run(&db, &caller, Order { query, question, cursor: None }).await?;
    let differences = differences(&then, &answer.answer);
    shared::http::ok(QueryRerun { answer, differences })
}

fn differences(then: &Value, now: &Answer) -> Vec<QueryDifference> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut before: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for row in then["rows"].as_array().into_iter().flatten() {
        let cells = row["cells"].as_array().into_iter().flatten();
        let cells = cells.map(|cell| text(&cell["value"])).collect();
        before.insert(text(&row["id"]).unwrap_or_default(), cells);
    }
    let mut all = Vec::new();
    for row in &now.rows {
        let id = || row.id.clone();
        match before.remove(&row.id) {
            None => {
                all.push(QueryDifference { row: id(), column: None, then: None, now: Some(id()) })
            }
            Some(cells) => {
                let cells = cells.into_iter().zip(&row.cells).enumerate();
                let other = cells.filter(|(_, (then, now))| *then != now.value);
                all.extend(other.map(|(column, (then, now))| QueryDifference {
                    row: id(),
                    column: Some(column),
                    then,
                    now: now.value.clone(),
                }));
            }
        }
    }
    let gone = before.into_keys();
    all.extend(gone.map(|row| QueryDifference {
        row: row.clone(),
        column: None,
        then: Some(row),
        now: None,
    }));
    all
}
