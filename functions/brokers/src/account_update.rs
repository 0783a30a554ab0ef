//! `PATCH /v1/accounts/{accountId}`: renames an account, or says whose it is and what else it is called.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use shared::db::{Statement, statement};
use shared::fields;
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::{Reader, list, printable, text};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};
use statements::folio_number;
use stores::fields::permanent_account_number;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::reasons;

/// One account has no more folios than this.
const MOST_LINKS: usize = 500;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(account_update), Access::member(Permission::WritePortfolio))
}

shared::request! {
    /// What changes.
    #[example({ "label": "Asha, long term", "holder": "ABCDE1234F" })]
    struct AccountUpdateRequest {
        /// What to call it.
        label: Option<String> = printable(200),
        /// The permanent account number of whom it belongs to. Gains are summed over all accounts of a holder.
        holder: Option<String> = permanent_account_number(),
        /// The depository's id of its demat account, one at most: a consolidated statement of that is imported into it.
        demat_ids: Option<Vec<String>> = list(0, 1, demat_id()),
        /// The folios of units outside demat that are held through it, all of them: a consolidated statement's are then its own
        /// and nobody counts them twice.
        folios: Option<Vec<String>> = list(0, MOST_LINKS, folio()),
    }
    check(request, fields) {
        if let (None, None, None, None) =
            (&request.label, &request.holder, &request.demat_ids, &request.folios)
        {
            fields.fault("label", "or `holder`, `dematIds` or `folios` is required");
        }
    }
}

fn folio() -> impl Reader<Value = String> {
    text(
        |text| fields::printable(text, 1..=40).map(|folio| folio_number(&folio)),
        || printable(40).schema(),
    )
}

/// NSDL writes IN and fourteen digits, CDSL sixteen.
fn demat_id() -> impl Reader<Value = String> {
    text(
        |text| {
            let id = folio_number(text);
            let digits = id.strip_prefix("IN").unwrap_or(&id);
            let good = id.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let message =
                || "must be the depository's id of the account, sixteen characters".to_owned();
            good.then_some(id).ok_or_else(message)
        },
        || json!({ "pattern": "^(IN[0-9]{14}|[0-9]{16})$" }),
    )
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
    Json(request): Json<AccountUpdateRequest>,
) -> Reply {
    let update = statement(
        "update brokers.accounts set label = coalesce($2, label), holder = coalesce($3, holder)
         where account_id = $1 returning account_id",
        [typed(&account), typed(&request.label), typed(&request.holder)],
    );
    let demat = linked(&account, &"demat", &request.demat_ids);
    let folios = linked(&account, &"folio", &request.folios);
    let imported = statement(
        "select distinct u.import_id from imports.folio_units u
         where u.account_id <> $1 and upper(u.folio) = any ($2) order by u.import_id",
        [typed(&account), typed(&request.folios)],
    );
    let statements = [update, imported, demat, folios];
    let (tx, [found, imported, others @ ..]) = app.db().enter(&caller, statements).await?;
    if found.is_empty() {
        return Err(Problem::new(NOT_FOUND));
    }
    let others: Vec<String> = others.iter().flatten().map(id).collect();
    if !others.is_empty() {
        return Err(Problem::new(reasons::LINKED_ELSEWHERE).with("ids", others));
    }
    if !imported.is_empty() {
        let imports: Vec<Uuid> = imported.iter().map(|row| row.get("import_id")).collect();
        return Err(Problem::new(reasons::IMPORTED_ELSEWHERE).with("importIds", imports));
    }
    let changed = json!({
        "label": request.label.is_some(), "holder": request.holder.is_some(),
        "dematIds": request.demat_ids.is_some(), "folios": request.folios.is_some(),
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
    use shared::fields::Given;

    use super::*;

    #[test]
    fn a_demat_account_has_sixteen_characters() {
        let read = |text: &str| demat_id().read(&Given::Text(text.into()));
        assert_eq!(read(" in300394 12345678").as_deref(), Ok("IN30039412345678"));
        assert_eq!(read("1208160000000001").as_deref(), Ok("1208160000000001"));
        for text in ["12345678", "IN3003941234567", "1N30039412345678", "123456789012345X", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
