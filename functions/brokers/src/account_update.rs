//! `PATCH /v1/accounts/{accountId}`: renames an account, or says whose it is.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use shared::db::statement;
use shared::fields::{Fields, FromFields, printable};
use shared::http::{Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::{Access, App, Caller, Permission, Problem, typed};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(account_update), Access::member(Permission::WritePortfolio))
}

/// What changes.
#[derive(ToSchema)]
#[schema(example = json!({ "label": "Asha, long term", "holder": "ABCDE1234F" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct AccountUpdateRequest {
    /// What to call it.
    label: Option<String>,
    /// The permanent account number of whom it belongs to. Gains are summed over all accounts of a holder.
    holder: Option<String>,
}

struct Asked {
    label: Option<String>,
    holder: Option<String>,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let label = fields.optional("label", |label| printable(label, 200));
        let holder = fields.optional("holder", permanent_account_number);
        if let (Some(None), Some(None)) = (&label, &holder) {
            fields.fault("label", "or `holder` is required");
        }
        Some(Self { label: label?, holder: holder? })
    }
}

/// Five letters, four digits, a letter.
fn permanent_account_number(text: &str) -> Result<String, String> {
    let number = text.trim().to_ascii_uppercase();
    let bytes = number.as_bytes();
    let good = bytes.len() == 10
        && bytes[..5].iter().all(u8::is_ascii_uppercase)
        && bytes[5..9].iter().all(u8::is_ascii_digit)
        && bytes[9].is_ascii_uppercase();
    good.then_some(number)
        .ok_or_else(|| "must be a permanent account number, as ABCDE1234F".to_owned())
}

/// Renames an account, or says whose it is. The holder's number is kept, and shown to nobody but for its ends.
#[utoipa::path(patch, path = "/v1/accounts/{accountId}", request_body = AccountUpdateRequest,
    params(("accountId" = Uuid, Path, description = "From the list of accounts.")),
    responses((status = 204)))]
async fn account_update(
    State(app): State<App>,
    caller: Caller,
    Path(account): Path<String>,
    Json(asked): Json<Asked>,
) -> Reply {
    // What is no id is the id of nothing.
    let account = Uuid::parse_str(&account).map_err(|_| Problem::new(NOT_FOUND))?;
    let update = statement(
        "update brokers.accounts set label = coalesce($2, label), holder = coalesce($3, holder)
         where account_id = $1 returning account_id",
        [typed(&account), typed(&asked.label), typed(&asked.holder)],
    );
    let (tx, [rows]) = app.db().enter(&caller, [update]).await?;
    if rows.is_empty() {
        tx.rollback().await?;
        return Err(Problem::new(NOT_FOUND));
    }
    let changed = json!({ "label": asked.label.is_some(), "holder": asked.holder.is_some() });
    let subject = account.to_string();
    let audit = statement(
        "select tenant.audit('account.updated', $1, $2)",
        [typed(&subject), typed(&changed)],
    );
    tx.commit([audit]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permanent_account_number_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(permanent_account_number(" abcde1234f ").as_deref(), Ok("ABCDE1234F"));
        for text in ["ABCDE12345", "ABCDE1234", "ABCD11234F", "ÄBCDE1234F", ""] {
            assert!(permanent_account_number(text).is_err(), "{text}");
        }
    }
}
