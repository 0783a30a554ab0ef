//! A question of a conversation and what was answered.

use serde::Serialize;
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::{Problem, Timestamp, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ChatAnswer, json_of};

/// A turn that is written down.
pub(crate) struct Turn<'a> {
    conversation_id: Uuid,
    question: &'a str,
    answer: &'a ChatAnswer,
    kind: &'static str,
    options: Option<Value>,
}

impl<'a> Turn<'a> {
    pub(crate) fn of(
        conversation_id: Uuid,
        question: &'a str,
        answer: &'a ChatAnswer,
    ) -> Result<Self, Problem> {
        let options = (!answer.options.is_empty()).then(|| json_of(&answer.options)).transpose()?;
        Ok(Self { conversation_id, question, answer, kind: answer.kind.name(), options })
    }

    /// The conversation, where it begins with this turn; else when it was last gone on with.
    pub(crate) fn begin(&self) -> Statement<'_> {
        statement(
            "insert into chat.conversations (workspace_id, conversation_id, user_id, title)
             values (tenant.workspace(), $1, tenant.person(), left($2, 100))
             on conflict on constraint conversations_pk do update set asked_at = now()",
            [typed(&self.conversation_id), typed(&self.question)],
        )
    }

    /// The turn.
    pub(crate) fn add(&self) -> Statement<'_> {
        statement(
            "insert into chat.turns (workspace_id, turn_id, conversation_id, user_id, question, kind, understood_by, text,
                                     query, query_id, options)
             values (tenant.workspace(), $1, $2, tenant.person(), $3, $4, $5, $6, $7, $8, $9)
             on conflict on constraint turns_pk do nothing",
            [
                typed(&self.answer.turn_id),
                typed(&self.conversation_id),
                typed(&self.question),
                typed(&self.kind),
                typed(&self.answer.understood_by),
                typed(&self.answer.text),
                typed(&self.answer.query),
                typed(&self.answer.query_id),
                typed(&self.options),
            ],
        )
    }
}

/// A turn of a conversation, as it is shown again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredTurn {
    pub(crate) turn_id: Uuid,
    pub(crate) asked_at: Timestamp,
    pub(crate) question: String,
    /// `answer`, `question_back`, `advice`, `not_understood` or `not_permitted`.
    pub(crate) kind: String,
    /// `certified`, `model` or `rules`.
    pub(crate) understood_by: Option<String>,
    /// The answer in words, as it was.
    pub(crate) text: String,
    /// The query that was run.
    #[schema(value_type = Option<Object>)]
    pub(crate) query: Option<Value>,
    /// Its place in the log: `GET /v1/query/queries/{queryId}` has the cells.
    pub(crate) query_id: Option<Uuid>,
    /// What was asked back.
    #[schema(value_type = Option<Vec<crate::answer::ChatOption>>)]
    pub(crate) options: Option<Value>,
    /// `up` or `down`.
    pub(crate) rating: Option<String>,
}

impl From<&Row> for StoredTurn {
    fn from(row: &Row) -> Self {
        Self {
            turn_id: row.get("turn_id"),
            asked_at: row.get("asked_at"),
            question: row.get("question"),
            kind: row.get("kind"),
            understood_by: row.get("understood_by"),
            text: row.get("text"),
            query: row.get("query"),
            query_id: row.get("query_id"),
            options: row.get("options"),
            rating: row.get("rating"),
        }
    }
}
