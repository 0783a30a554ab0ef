//! What is answered to a question.

use portfolio_query::answer::{Answer, Outcome};
use portfolio_query::understand::Choice;
use portfolio_query::{Query, describe};
use serde::Serialize;
use serde_json::{Value, json};
use shared::Problem;
use stores::health::Health;
use stores::ledger::LeftOut;
use stores::versions::Versions;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::ModelSkipped;
use crate::usage::Usage;

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChatKind)]
pub(crate) enum Kind {
    /// It is answered: `answer` has the cells.
    Answer,
    /// It could mean several things: `options` has them.
    QuestionBack,
    /// It asks for advice, which is not given.
    Advice,
    /// It was not understood, or is about nothing that is known here.
    NotUnderstood,
    /// The plan does not have such questions.
    NotPermitted,
}

impl Kind {
    /// The stable word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::QuestionBack => "question_back",
            Self::Advice => "advice",
            Self::NotUnderstood => "not_understood",
            Self::NotPermitted => "not_permitted",
        }
    }
}

/// What is answered to a question.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatAnswer {
    /// The conversation to go on with; null of a call by key, which has none.
    pub(crate) conversation_id: Option<Uuid>,
    /// The question's place in it.
    pub(crate) turn_id: Uuid,
    /// What became of the question.
    pub(crate) kind: Kind,
    /// The answer in words. Each figure in it is a cell of `answer`.
    pub(crate) text: String,
    /// What was understood, in words; null where nothing was.
    pub(crate) understood: Option<String>,
    /// Who understood it: `certified`, `model` or `rules`.
    pub(crate) understood_by: Option<&'static str>,
    /// Why no model understood it although the workspace agreed to some; null where one did, or none was to be asked.
    pub(crate) model_skipped: Option<ModelSkipped>,
    /// Words that were taken for others.
    pub(crate) mended: Vec<MendedWord>,
    /// The query that was run: it can be changed and sent to `POST /v1/query/execute`.
    #[schema(value_type = Option<Object>)]
    pub(crate) query: Option<Value>,
    /// The query's place in the log.
    pub(crate) query_id: Option<Uuid>,
    /// Its answer.
    pub(crate) answer: Option<Answer>,
    /// What the question could mean; each with its query.
    pub(crate) options: Vec<ChatOption>,
    /// The versions of what it was worked out from.
    pub(crate) versions: Option<Versions>,
    /// How fresh each of the accounts is.
    pub(crate) accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why.
    pub(crate) left_out: Vec<LeftOut>,
    /// The questions of the month, this one with them.
    pub(crate) usage: Usage,
}

impl ChatAnswer {
    /// Of a question that was not understood, until it is.
    pub(crate) fn new(turn_id: Uuid, usage: Usage) -> Self {
        Self {
            conversation_id: None,
            turn_id,
            kind: Kind::NotUnderstood,
            text: String::new(),
            understood: None,
            understood_by: None,
            model_skipped: None,
            mended: Vec::new(),
            query: None,
            query_id: None,
            answer: None,
            options: Vec::new(),
            versions: None,
            accounts: Vec::new(),
            left_out: Vec::new(),
            usage,
        }
    }

    /// Says what was understood, and by whom.
    pub(crate) fn understand(
        &mut self,
        query: &Query,
        by: &'static str,
        mended: Vec<(String, String)>,
    ) {
        self.understood_by = Some(by);
        self.understood = Some(describe(query));
        let word = |(written, taken)| MendedWord { written, taken };
        self.mended = mended.into_iter().map(word).collect();
        self.query = Some(query.to_json());
    }

    /// What is told once it is understood, or is not.
    pub(crate) fn understood(&self) -> impl Serialize {
        json!({
            "turnId": self.turn_id,
            "kind": self.kind,
            "understood": self.understood,
            "understoodBy": self.understood_by,
            "modelSkipped": self.model_skipped,
            "mended": self.mended,
            "query": self.query,
            "options": self.options,
        })
    }

    /// What is told once its cells are there.
    pub(crate) fn data(&self) -> impl Serialize {
        json!({
            "queryId": self.query_id,
            "answer": self.answer,
            "versions": self.versions,
            "accounts": self.accounts,
            "leftOut": self.left_out,
        })
    }

    /// Whether it counts against the plan: it was answered with data, or because nothing matches.
    pub(crate) fn counts(&self) -> bool {
        let outcome = self.answer.as_ref().map(|answer| answer.outcome);
        let answered = matches!(outcome, Some(Outcome::Answered | Outcome::Empty));
        answered && self.understood_by != Some("certified")
    }
}

/// A word that was taken for another.
#[derive(Serialize, ToSchema)]
pub(crate) struct MendedWord {
    /// As it was written.
    pub(crate) written: String,
    /// As it was understood.
    pub(crate) taken: String,
}

/// One of the things that a question could mean.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ChatOption {
    /// What it is called.
    pub(crate) label: String,
    /// Its query, for `POST /v1/query/execute`.
    #[schema(value_type = Object)]
    pub(crate) query: Value,
}

impl From<Choice> for ChatOption {
    fn from(Choice { label, query }: Choice) -> Self {
        Self { label, query: query.to_json() }
    }
}

/// A list as JSON for a column.
pub(crate) fn json_of<T: Serialize>(value: &T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(Problem::internal)
}
