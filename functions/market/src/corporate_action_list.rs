//! `GET /v1/corporate-actions`: what the exchange published of securities that were held.

use axum::extract::State;
use jiff::civil::Date;
use ledger::{Price, Quantity};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::request::flag;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::corporate_actions::{Action, Suggestion, published, suggestions};
use stores::health::Health;
use stores::ledger::BookOn;
use utoipa::ToSchema;
use uuid::Uuid;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(corporate_action_list), Access::member(Permission::ReadPortfolio))
        .computing()
}

/// A corporate action that touched somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CorporateAction {
    isin: String,
    name: String,
    /// `bonus`, `split` or `dividend`.
    kind: String,
    ex_date: Date,
    /// Shares that are given …
    #[schema(value_type = Option<String>)]
    gives: Option<Quantity>,
    /// … for so many that are held; after a split there are so many for those before.
    #[schema(value_type = Option<String>)]
    per: Option<Quantity>,
    /// Rupees a share, of a dividend.
    #[schema(value_type = Option<String>)]
    amount: Option<Price>,
    /// The exchange's own words.
    purpose: String,
    /// Who held it when the ex-date began.
    accounts: Vec<Touched>,
}

/// A page of corporate actions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CorporateActions {
    items: Vec<CorporateAction>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// How fresh each of the accounts is: who held what is known as of then.
    accounts: Vec<Health>,
}

/// An account that held the security.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Touched {
    account_id: Uuid,
    quantity: Quantity,
    /// Whether the ledger has the action already.
    applied: bool,
}

shared::request! {
    /// Which corporate actions.
    struct CorporateActionsQuery {
        /// Only those that some account lacks.
        pending: bool = flag() => false,
        ..page: PageQuery,
    }
}

/// Bonus issues, splits and dividends of securities that were held on the evening before the ex-date, newest first.
/// They are suggestions: nothing changes until one is applied. A statement of later than the ex-date has the shares
/// already; lots and gains have not.
#[utoipa::path(get, path = "/v1/corporate-actions",
    params(CorporateActionsQuery),
    responses((status = 200, body = CorporateActions)))]
async fn corporate_action_list(
    State(db): State<Db>,
    caller: Caller,
    Query(query): Query<CorporateActionsQuery>,
) -> Reply {
    let after: Option<(Date, String, String)> = query.page.position()?;
    let question = BookOn::new(clock::india_day(clock::now()));
    let (book, [actions]) = question.ask(&db, &caller, [published()]).await?;
    let actions = actions.iter().map(Action::read).collect::<Result<Vec<_>, Problem>>()?;
    let mut found = suggestions(&book, actions);
    found.retain(|one| !query.pending || one.accounts.values().any(|(_, applied)| !applied));
    let place = |one: &Suggestion| {
        (one.action.ex_date, one.action.isin.to_string(), one.action.kind.clone())
    };
    found.sort_by_key(|one| std::cmp::Reverse(place(one)));
    let rest =
        found.into_iter().filter(|one| after.as_ref().is_none_or(|after| place(one) < *after));
    let items = rest
        .take(usize::try_from(query.page.fetch()).unwrap_or(usize::MAX))
        .map(|one| item(book.name_of(one.action.isin), one))
        .collect();
    let page = Page::cut(items, &query.page, |item: &CorporateAction| {
        (item.ex_date, item.isin.clone(), item.kind.clone())
    });
    let (items, next_cursor) = (page.items, page.next_cursor);
    shared::http::ok(CorporateActions { items, next_cursor, accounts: book.healths })
}

fn item(name: String, Suggestion { action, accounts }: Suggestion) -> CorporateAction {
    let number = |number: Option<Decimal>| number.map(Quantity);
    CorporateAction {
        isin: action.isin.to_string(),
        name,
        kind: action.kind,
        ex_date: action.ex_date,
        gives: number(action.gives),
        per: number(action.per),
        amount: action.amount.map(Price),
        purpose: action.purpose,
        accounts: accounts
            .into_iter()
            .map(|(account_id, (quantity, applied))| Touched {
                account_id,
                quantity: Quantity(quantity),
                applied,
            })
            .collect(),
    }
}
