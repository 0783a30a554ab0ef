//! `POST /v1/corporate-actions/apply`: enters a published action into the ledger of who held the security.

use axum::extract::State;
use jiff::civil::Date;
use ledger::columns::{Columns, columns};
use ledger::{Act, IncomeKind, Isin, Ratio};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use shared::db::{Tenant, statement};
use shared::events::{self, Envelope, TransactionChanged};
use shared::fields::{Fields, FromFields};
use shared::http::{Body, Reply, Route, read_json};
use shared::idempotency::{Claim, IdempotencyKey};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use stores::budget;
use stores::corporate_actions::{Action, Suggestion, published, suggestions};
use stores::ledger::BookOn;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(corporate_action_apply), Access::member(Permission::WritePortfolio))
        .computing()
}

/// Which action, and what the exchange does not say of it.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "isin": "INE002A01018", "kind": "bonus", "exDate": "2026-10-28", "allottedOn": "2026-10-30" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct CorporateActionApplyRequest {
    isin: String,
    /// `bonus`, `split` or `dividend`.
    kind: String,
    ex_date: Date,
    /// The day bonus shares were allotted, from which their holding period counts; required of a bonus.
    allotted_on: Option<Date>,
    /// The ISIN after a split, when it changed.
    into: Option<String>,
}

struct Asked {
    isin: Isin,
    kind: String,
    ex_date: Date,
    allotted_on: Option<Date>,
    into: Option<Isin>,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let isin = |isin: &str| Isin::parse(isin).map_err(|err| err.to_string());
        let of = fields.required("isin", isin);
        let kind = fields.required("kind", |kind| match kind {
            "bonus" | "split" | "dividend" => Ok(kind.to_owned()),
            _ => Err("must be bonus, split or dividend".to_owned()),
        });
        let (ex_date, allotted_on) = (fields.day("exDate"), fields.day("allottedOn"));
        let into = fields.optional("into", isin);
        match (kind.as_deref(), ex_date, allotted_on) {
            (Some("bonus"), _, Some(None)) => fields
                .fault("allottedOn", "is required of a bonus: the day the shares were allotted"),
            (_, Some(None), _) => fields.fault("exDate", "is required"),
            (_, Some(Some(ex_date)), Some(Some(allotted_on))) if allotted_on < ex_date => {
                fields.fault("allottedOn", "is before the ex-date")
            }
            _ => {}
        }
        Some(Self {
            isin: of?,
            kind: kind?,
            ex_date: ex_date??,
            allotted_on: allotted_on?,
            into: into?,
        })
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
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key and body, answers what the first answered.")),
    responses((status = 200, body = Applied)))]
async fn corporate_action_apply(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Body(body): Body,
) -> Reply {
    let asked: Asked = read_json(&body)?;
    let claim = Claim::new(key, "transactions-corporate-action-apply", &body);
    let question = BookOn::new(clock::india_day(clock::now()));
    let [one, two, three, four] = question.statements();
    // Two at once: the second one waits here and reads what the first has entered.
    let lock = statement(
        "select pg_advisory_xact_lock(hashtextextended('corporate-actions/' || current_setting('app.workspace_id'), 0))",
        [],
    );
    let first = [claim.statement(), lock, published(), one, two, three, four];
    let (tx, [claimed, _, actions, answers @ ..]) = app.db().enter(&caller, first).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        tx.rollback().await?;
        return shared::http::ok(earlier);
    }
    let found = question.read(&answers).and_then(|book| {
        let actions = actions.iter().map(Action::read).collect::<Result<Vec<_>, Problem>>()?;
        let wanted = |one: &Suggestion| {
            (one.action.isin, &one.action.kind, one.action.ex_date)
                == (asked.isin, &asked.kind, asked.ex_date)
        };
        suggestions(&book, actions).into_iter().find(wanted).ok_or_else(|| Problem::new(NOT_FOUND))
    });
    let found = match found {
        Ok(found) => found,
        Err(refusal) => {
            tx.rollback().await?;
            return Err(refusal);
        }
    };
    let rows = match rows(&asked, &found) {
        Ok(rows) => rows,
        Err(refusal) => {
            tx.rollback().await?;
            return Err(refusal);
        }
    };
    finish(&app, &caller, tx, &asked, &claim, rows).await
}

/// Stores the events in one more round trip; when every account has the action already, only the answer is kept.
async fn finish(
    app: &App,
    caller: &Caller,
    tx: Tenant,
    asked: &Asked,
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
    let subject = asked.isin.to_string();
    let detail = json!({ "kind": asked.kind, "exDate": asked.ex_date });
    let insert = statement(include_str!("corporate_action_apply/insert.sql"), [typed(&rows)]);
    let audit = statement(
        "select tenant.audit('corporate_action.applied', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let [_, counts] = tx.batch([insert, budget::counts()]).await?;
    if let Err(refusal) = budget::check(&tx, &counts).await {
        tx.rollback().await?;
        return Err(refusal);
    }
    tx.commit([audit, event.publish(), claim.store(&reply)]).await?;
    events::dispatch(app, &[event]).await;
    shared::http::ok(reply)
}

/// A row for each account that lacks the action: its id, the account, the row.
fn rows(
    asked: &Asked,
    Suggestion { action, accounts }: &Suggestion,
) -> Result<Vec<(Uuid, Uuid, Value)>, Problem> {
    let mut rows = Vec::new();
    for (account, (quantity, _)) in accounts.iter().filter(|(_, (_, applied))| !applied) {
        let act = act(asked, action, *quantity)
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
fn act(asked: &Asked, action: &Action, quantity: Decimal) -> Option<Act> {
    let ratio = || Some(Ratio { gives: action.gives?, per: action.per? });
    Some(match action.kind.as_str() {
        "bonus" => Act::Bonus { ratio: ratio()?, allotted_on: asked.allotted_on? },
        "split" => Act::Split { ratio: ratio()?, into: asked.into },
        _ => Act::Income {
            kind: IncomeKind::Dividend,
            gross: action.amount?.checked_mul(quantity)?,
            tds: Decimal::ZERO,
            capital: Decimal::ZERO,
        },
    })
}
