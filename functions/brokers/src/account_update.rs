//! `PATCH /v1/accounts/{accountId}`: renames an account, or says whose it is and what else it is called.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use shared::db::{Statement, statement};
use shared::fields::{Fields, FromFields, printable};
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};
use statements::{folio_number, permanent_account_number};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// One account has no more folios than this.
const MOST_LINKS: usize = 500;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(account_update), Access::member(Permission::WritePortfolio))
}

/// What changes.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "label": "Asha, long term", "holder": "ABCDE1234F" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct AccountUpdateRequest {
    /// What to call it.
    label: Option<String>,
    /// The permanent account number of whom it belongs to. Gains are summed over all accounts of a holder.
    holder: Option<String>,
    /// The depository's id of its demat account, one at most: a consolidated statement of that is imported into it.
    demat_ids: Option<Vec<String>>,
    /// The folios of units outside demat that are held through it, all of them: a consolidated statement's are then its own
    /// and nobody counts them twice.
    folios: Option<Vec<String>>,
}

struct Asked {
    label: Option<String>,
    holder: Option<String>,
    demat_ids: Option<Vec<String>>,
    folios: Option<Vec<String>>,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let label = fields.optional("label", |label| printable(label, 200));
        let holder = fields.optional("holder", holder);
        let demat_ids = fields.optional_texts("dematIds", demat_id);
        let folios = fields.optional_texts("folios", |folio| {
            printable(folio, 40).map(|folio| folio_number(&folio))
        });
        // An account is kept at one depository.
        for (name, most, links) in [("dematIds", 1, &demat_ids), ("folios", MOST_LINKS, &folios)] {
            if links
                .as_ref()
                .is_some_and(|links| links.as_ref().is_some_and(|links| links.len() > most))
            {
                fields.fault(name, format!("must be at most {most}"));
            }
        }
        if let (Some(None), Some(None), Some(None), Some(None)) =
            (&label, &holder, &demat_ids, &folios)
        {
            fields.fault("label", "or `holder`, `dematIds` or `folios` is required");
        }
        Some(Self { label: label?, holder: holder?, demat_ids: demat_ids?, folios: folios? })
    }
}

fn holder(text: &str) -> Result<String, String> {
    permanent_account_number(text)
        .ok_or_else(|| "must be a permanent account number, as ABCDE1234F".to_owned())
}

/// NSDL writes IN and fourteen digits, CDSL sixteen.
fn demat_id(text: &str) -> Result<String, String> {
    let id = folio_number(text);
    let digits = id.strip_prefix("IN").unwrap_or(&id);
    let good = id.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
    good.then_some(id)
        .ok_or_else(|| "must be the depository's id of the account, sixteen characters".to_owned())
}

/// Renames an account, or says whose it is and what consolidated statements call it. The holder's number is kept, and shown
/// to nobody but for its ends. What is linked to another account, or was imported into one, is refused: take it out there
/// first.
#[utoipa::path(patch, path = "/v1/accounts/{accountId}", request_body = AccountUpdateRequest,
    params(("accountId" = Uuid, Path, description = "From the list of accounts.")),
    responses((status = 204)))]
async fn account_update(
    State(app): State<App>,
    caller: Caller,
    Id(account): Id,
    Json(asked): Json<Asked>,
) -> Reply {
    let update = statement(
        "update brokers.accounts set label = coalesce($2, label), holder = coalesce($3, holder)
         where account_id = $1 returning account_id",
        [typed(&account), typed(&asked.label), typed(&asked.holder)],
    );
    let demat = linked(&account, &"demat", &asked.demat_ids);
    let folios = linked(&account, &"folio", &asked.folios);
    let imported = statement(
        "select distinct u.import_id from imports.folio_units u
         where u.account_id <> $1 and upper(u.folio) = any ($2) order by u.import_id",
        [typed(&account), typed(&asked.folios)],
    );
    let statements = [update, imported, demat, folios];
    let (tx, [found, imported, others @ ..]) = app.db().enter(&caller, statements).await?;
    if found.is_empty() {
        tx.rollback().await?;
        return Err(Problem::new(NOT_FOUND));
    }
    let others: Vec<String> = others.iter().flatten().map(id).collect();
    if !others.is_empty() {
        tx.rollback().await?;
        return Err(Problem::new(reasons::LINKED_ELSEWHERE).with("ids", others));
    }
    if !imported.is_empty() {
        tx.rollback().await?;
        let imports: Vec<Uuid> = imported.iter().map(|row| row.get("import_id")).collect();
        return Err(Problem::new(reasons::IMPORTED_ELSEWHERE).with("importIds", imports));
    }
    let changed = json!({
        "label": asked.label.is_some(), "holder": asked.holder.is_some(),
        "dematIds": asked.demat_ids.is_some(), "folios": asked.folios.is_some(),
    });
    let subject = account.to_string();
    let audit = statement(
        "select tenant.audit('account.updated', $1, $2)",
        [typed(&subject), typed(&changed)],
    );
    tx.commit([audit]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Links these and no others; answers those that are another account's. Nothing changes where nothing is asked.
fn linked<'a>(
    account: &'a Uuid,
    kind: &'a &'static str,
    ids: &'a Option<Vec<String>>,
) -> Statement<'a> {
    statement(include_str!("account_update.sql"), [typed(account), typed(kind), typed(ids)])
}

fn id(row: &Row) -> String {
    row.get("id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demat_account_has_sixteen_characters() {
        assert_eq!(demat_id(" in300394 12345678").as_deref(), Ok("IN30039412345678"));
        assert_eq!(demat_id("1208160000000001").as_deref(), Ok("1208160000000001"));
        for text in ["12345678", "IN3003941234567", "1N30039412345678", "123456789012345X", ""] {
            assert!(demat_id(text).is_err(), "{text}");
        }
    }
}
