//! `POST /v1/corporate-actions/apply`: enters a published action into the ledger of who held the security.

use axum::extract::State;
use jiff::civil::Date;
use ledger::columns::{Columns, columns};
use ledger::{Act, IncomeKind, Isin, Ratio};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use shared::db::{Tenant, statement};
use shared::events::{Envelope, TransactionChanged};
use shared::http::{Reply, Route};
use shared::idempotency::{Claim, IdempotencyKey, Idempotent};
use shared::problem::reasons::NOT_FOUND;
use shared::request::{day, word_of};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use stores::budget;
use stores::corporate_actions::{Action, Suggestion, published, suggestions};
use stores::fields::isin;
use stores::ledger::BookOn;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(corporate_action_apply), Access::member(Permission::WritePortfolio))
        .computing()
}

shared::request! {
    /// Which action, and what the exchange does not say of it.
    #[example({ "isin": "INE002A01018", "kind": "bonus", "exDate": "2026-10-28", "allottedOn": "2026-10-30" })]
    struct CorporateActionApplyRequest {
        isin: Isin = isin(),
        /// `bonus`, `split` or `dividend`.
        kind: &'static str = word_of(&["bonus", "split", "dividend"]),
        ex_date: Date = day(),
        /// The day bonus shares were allotted, from which their holding period counts; required of a bonus.
        allotted_on: Option<Date> = day(),
        /// The ISIN after a split, when it changed.
        into: Option<Isin> = isin(),
    }
    check(request, fields) {
        match request.allotted_on {
            None if request.kind == "bonus" => {
                fields.fault("allottedOn", "is required of a bonus: the day the shares were allotted");
            }
            Some(allotted_on) if allotted_on < request.ex_date => {
                fields.fault("allottedOn", "is before the ex-date");
            }
            _ => {}
        }
    }
}

/// What was entered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Applied {
    /// One event for each account that held the security and lacked the action.
    transaction_ids: Vec<Uuid>,
}

/// Enters a published bonus, split or dividend for each account that held the security on the evening before the ex-date
/// and does not have it yet. Applied twice, it is entered once.
#[utoipa::path(post, path = "/v1/corporate-actions/apply", request_body = CorporateActionApplyRequest,
    params(IdempotencyKey),
    responses((status = 200, body = Applied)))]
async fn corporate_action_apply(
    State(app): State<App>,
    caller: Caller,
    Idempotent { request, claim }: Idempotent<CorporateActionApplyRequest>,
) -> Reply {
    let question = BookOn::new(clock::india_day(clock::now()));
    let [one, two, three, four, five] = question.statements();
    // Two at once: the second one waits here and reads what the first has entered.
    let lock = statement(
        "select pg_advisory_xact_lock(hashtextextended('corporate-actions/' || current_setting('app.workspace_id'), 0))",
        [],
    );
    let first = [claim.statement(), lock, published(), one, two, three, four, five];
    let (tx, [claimed, _, actions, answers @ ..]) = app.db().enter(&caller, first).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::ok(earlier);
    }
    let found = question.read(&answers).and_then(|book| {
        let actions = actions.iter().map(Action::read).collect::<Result<Vec<_>, Problem>>()?;
        let wanted = |one: &Suggestion| {
            (one.action.isin, one.action.kind.as_str(), one.action.ex_date)
                == (request.isin, request.kind, request.ex_date)
        };
        suggestions(&book, actions).into_iter().find(wanted).ok_or_else(|| Problem::new(NOT_FOUND))
    });
    let found = found?;
    let rows = rows(&request, &found)?;
    finish(&caller, tx, &request, &claim, rows).await
}

/// Stores the events in one more round trip; when every account has the action already, only the answer is kept.
async fn finish(
    caller: &Caller,
    tx: Tenant,
    request: &CorporateActionApplyRequest,
    claim: &Claim,
    rows: Vec<(Uuid, Uuid, Value)>,
) -> Reply {
    let reply = json!(Applied { transaction_ids: rows.iter().map(|(id, ..)| *id).collect() });
    let Some((transaction_id, account_id, _)) = rows.first() else {
        tx.commit([claim.store(&reply)]).await?;
        return shared::http::ok(reply);
    };
    // The workspace is worked out anew as a whole: one event is enough for all of its accounts.
    let event = TransactionChanged { transaction_id: *transaction_id, account_id: *account_id };
    let event = Envelope::new(Some(caller.session()?.workspace_id), &event)?;
    let rows = Value::Array(rows.into_iter().map(|(.., row)| row).collect());
    let subject = request.isin.to_string();
    let detail = json!({ "kind": request.kind, "exDate": request.ex_date });
    let insert = statement(include_str!("corporate_action_apply/insert.sql"), [typed(&rows)]);
    let audit = statement(
        "select tenant.audit('corporate_action.applied', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let [_, counts] = tx.batch([insert, budget::counts()]).await?;
    budget::check(&tx, &counts).await?;
    tx.publish(event);
    tx.commit([audit, claim.store(&reply)]).await?;
    shared::http::ok(reply)
}

/// A row for each account that lacks the action: its id, the account, the row.
fn rows(
    request: &CorporateActionApplyRequest,
    Suggestion { action, accounts }: &Suggestion,
) -> Result<Vec<(Uuid, Uuid, Value)>, Problem> {
    let mut rows = Vec::new();
    for (account, (quantity, _)) in accounts.iter().filter(|(_, (_, applied))| !applied) {
        let act = act(request, action, *quantity)
            .ok_or_else(|| Problem::new(reasons::INCOMPLETE_ACTION))?;
        let columns = columns(&act).normalised();
        if ledger::columns::act(&columns).is_err() {
            // The book could not be read with it.
            return Err(Problem::new(reasons::INCOMPLETE_ACTION));
        }
        let Columns { kind, quantity, amount, terms, .. } = columns;
        let id = Uuid::now_v7();
        let row = json!({
            "id": id, "account": account, "kind": kind, "isin": action.isin, "name": action.purpose,
            "on": action.ex_date, "quantity": quantity, "amount": amount, "terms": terms,
            "key": format!("nse|{kind}|{}|{}", action.ex_date, action.isin),
        });
        rows.push((id, *account, row));
    }
    Ok(rows)
}

/// The event for an account that held so many; `None` when the list lacks a number it needs.
fn act(request: &CorporateActionApplyRequest, action: &Action, quantity: Decimal) -> Option<Act> {
    let ratio = || Some(Ratio { gives: action.gives?, per: action.per? });
    Some(match action.kind.as_str() {
        "bonus" => Act::Bonus { ratio: ratio()?, allotted_on: request.allotted_on? },
        "split" => Act::Split { ratio: ratio()?, into: request.into },
        _ => Act::Income {
            kind: IncomeKind::Dividend,
            gross: action.amount?.checked_mul(quantity)?,
            tds: Decimal::ZERO,
            capital: Decimal::ZERO,
        },
    })
}
