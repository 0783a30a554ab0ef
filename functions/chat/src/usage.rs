//! `GET /v1/chat/usage`: how many questions are used and left.

use axum::extract::State;
use serde::Serialize;
use shared::db::{Statement, statement};
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// Questions a month on the free plan.
const FREE: i32 = 50;
/// So many left, and somebody is told.
const FEW: i64 = 5;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(usage), Access::member(Permission::Ask))
}

/// Questions of the running month, of the account that pays for the workspace.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// Questions that were answered, and those being answered now.
    pub(crate) used: i64,
    /// Questions of the month; null where there is no limit.
    pub(crate) allowed: Option<i32>,
    /// What is left of them; null where there is no limit.
    pub(crate) left: Option<i64>,
    /// When the month ends, in India.
    pub(crate) resets_at: Timestamp,
    /// `80_percent`, `90_percent`, `few_left` or `used_up`, once it is so; null before.
    pub(crate) warning: Option<&'static str>,
}

/// The usage of the entered workspace; with a question's id, one is reserved for it.
pub(crate) fn statement_of(question: &Option<Uuid>) -> Statement<'_> {
    statement(
        "select reserved, used, allowed, resets_at from tenant.questions($1, $2)",
        [typed(question), typed(&FREE)],
    )
}

impl Usage {
    /// Reads a row of [`statement_of`].
    pub(crate) fn read(row: &Row) -> Self {
        Self::of(row.get("used"), row.get("allowed"), row.get("resets_at"))
    }

    /// The same after one more was counted.
    pub(crate) fn with_one_more(self) -> Self {
        Self::of(self.used + 1, self.allowed, self.resets_at)
    }

    fn of(used: i64, allowed: Option<i32>, resets_at: Timestamp) -> Self {
        let left = allowed.map(|allowed| (i64::from(allowed) - used).max(0));
        let warning = allowed.zip(left).and_then(|(allowed, left)| match left {
            0 => Some("used_up"),
            ..=FEW => Some("few_left"),
            _ if used * 10 >= i64::from(allowed) * 9 => Some("90_percent"),
            _ if used * 10 >= i64::from(allowed) * 8 => Some("80_percent"),
            _ => None,
        });
        Self { used, allowed, left, resets_at, warning }
    }
}

/// How many questions of the month are used and left.
#[utoipa::path(get, path = "/v1/chat/usage", responses((status = 200, body = Usage)))]
async fn usage(State(db): State<Db>, caller: Caller, _: Query<Nothing>) -> Reply {
    let none = None;
    let [rows] = db.read(&caller, [statement_of(&none)]).await?;
    let usage = rows.first().map(Usage::read);
    shared::http::ok(
        usage.ok_or_else(|| shared::Problem::new(shared::problem::reasons::NOT_FOUND))?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_warned_before_the_questions_end() {
        let warning = |used| Usage::of(used, Some(50), Timestamp::UNIX_EPOCH).warning;
        let table = [
            (0, None),
            (39, None),
            (40, Some("80_percent")),
            (44, Some("80_percent")),
            (45, Some("few_left")),
            (50, Some("used_up")),
            (51, Some("used_up")),
        ];
        for (used, expected) in table {
            assert_eq!(warning(used), expected, "{used}");
        }
    }
}
