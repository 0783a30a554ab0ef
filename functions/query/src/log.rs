//! What the log says of a query.

use serde::Serialize;
use serde_json::Value;
use shared::Timestamp;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// A query of the log, without its answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedQuery {
    pub(crate) query_id: Uuid,
    pub(crate) asked_at: Timestamp,
    /// The API key it was asked with.
    pub(crate) key_id: Option<String>,
    /// The words it stands for.
    pub(crate) question: Option<String>,
    /// As it was read; as it was sent, where it has faults.
    #[schema(value_type = Object)]
    pub(crate) query: Value,
    /// Why it was not run: its faults. Null when it has none.
    #[schema(value_type = Option<Vec<crate::run::QueryFault>>)]
    pub(crate) faults: Option<Value>,
    /// `answered`, `empty`, `unknown` or `failed`; null when it has faults, or was cut off.
    pub(crate) outcome: Option<String>,
    /// How many rows it had, on all pages.
    pub(crate) rows: Option<i32>,
}

/// The columns of [`LoggedQuery`], of `query.queries q` and `query.outcomes o`.
pub(crate) const COLUMNS: &str =
    "q.query_id, q.asked_at, q.key_id, q.question, q.query, q.faults, o.outcome, o.rows";

impl From<&Row> for LoggedQuery {
    fn from(row: &Row) -> Self {
        Self {
            query_id: row.get("query_id"),
            asked_at: row.get("asked_at"),
            key_id: row.get("key_id"),
            question: row.get("question"),
            query: row.get("query"),
            faults: row.get("faults"),
            outcome: row.get("outcome"),
            rows: row.get("rows"),
        }
    }
}
