//! `GET /v1/portfolio/advance-tax`: advance tax on the gains of the running year, by holder.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::civil::Date;
use ledger::Money;
use ledger::tax::{self, AdvanceTax, Gain, financial_year, year_label};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::http::{Query, Reply, Route};
use shared::request::id;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, clock};
use stores::accounts::Account;
use stores::entitlements;
use stores::health::Health;
use stores::ledger::{BookOn, LeftOut};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::asked::of_holder;
use crate::gains::{Holder, Holders};
use crate::reasons::NO_RATES;

/// For any member, and keys with `portfolio:read`.
pub fn route() -> Route {
    Route::new(routes!(advance_tax), Access::MemberOrKey(Permission::ReadPortfolio)).computing()
}

/// How it is worked out.
const METHOD: &str = "Arithmetic on the gains of sales until today, and no tax advice. Rates: 20 % on short-term gains on listed shares \
    and equity funds (section 111A, 196 from April 2026), 12.5 % on long-term ones above the exemption (112A, 198) and on other \
    long-term gains (112, 197), with 4 % cess. Losses of the year are set off: long-term ones against long-term gains, short-term \
    ones against gains of their own term first. Gains at the holder's own rate are summed without tax. Not considered: losses of \
    earlier years, dividend and bonus stripping, surcharge, rebates, the basic exemption, other income, tax deducted at source and \
    what was paid already. An account without a stated holder stands for itself, with an exemption of its own. Nothing is due in \
    advance where the whole tax of a year is below ₹10,000, nor from residents of 60 or more without income of a business.";

/// Advance tax of the running year.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AdvanceTaxAnswer {
    /// Always `INR`.
    currency: &'static str,
    /// The year in which the financial year begins.
    year: i16,
    year_label: String,
    /// How it is worked out, for people: shown with every figure.
    method: &'static str,
    /// Each holder who has an account.
    holders: Vec<HolderTax>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// Of one holder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HolderTax {
    /// All accounts of the holder. One without a stated holder stands for itself.
    account_ids: Vec<Uuid>,
    /// After losses were set off.
    short_term_equity: Money,
    /// After losses were set off, before the exemption.
    long_term_equity: Money,
    /// After losses were set off.
    long_term_other: Money,
    /// Gains at the holder's own rate, intraday with them: no tax is worked out on them.
    at_own_rate: Money,
    /// How much of the exemption of long-term gains on shares and equity funds is used.
    exemption_used: Money,
    /// How much of it is left.
    exemption_left: Money,
    /// The tax on what was gained until today, with cess.
    tax: Money,
    /// Closed lots that are in nothing of this: their class or their cost is not known.
    unknown: usize,
    /// Closed lots that are in this and have a flag in `GET /v1/portfolio/gains`: something about them deserves a look.
    flagged: usize,
    instalments: Vec<TaxInstalment>,
}

/// An instalment of advance tax.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaxInstalment {
    /// The last day.
    until: Date,
    /// The part of the year's tax that is due by then, in percent.
    percent: i64,
    /// That part of the tax on gains of sales until then, with what was due before.
    due: Money,
}

shared::request! {
    /// Whose tax.
    struct AdvanceTaxQuery {
        /// Only of whoever has this account, in all of their accounts.
        holder_of: Option<Uuid> = id(),
    }
}

/// Advance tax on the gains of the running financial year so far, by holder: what is due by which day. Part of Pro. `method`
/// says how it is worked out and is to be shown with it.
#[utoipa::path(get, path = "/v1/portfolio/advance-tax", params(AdvanceTaxQuery),
    responses((status = 200, body = AdvanceTaxAnswer)))]
async fn advance_tax(
    State(db): State<Db>,
    caller: Caller,
    Query(query): Query<AdvanceTaxQuery>,
) -> Reply {
    let today = clock::india_day(clock::now());
    let others = [stores::accounts::all(), stores::tax::known(), entitlements::tier()];
    let (book, [accounts, values, tier]) = BookOn::new(today).ask(&db, &caller, others).await?;
    entitlements::need_pro(&tier)?;
    let accounts: Vec<Account> = accounts.iter().map(Account::from).collect();
    // Tax is a holder's: no part of their gains has an exemption of its own.
    let healths = of_holder(book.healths.clone(), None, query.holder_of)?;
    let facts = stores::tax::facts(&book, &values)?;
    let gains = tax::gains(&book.ledger, &facts);
    let holders = Holders::new(&accounts);
    let mut of: BTreeMap<Holder<'_>, Vec<&Gain<'_>>> = BTreeMap::new();
    for health in &healths {
        of.entry(holders.of(health.account_id)).or_default();
    }
    for gain in &gains {
        let place = &book.ledger.places[gain.closing.place];
        if let Some(gains) = of.get_mut(&holders.of(place.account)) {
            gains.push(gain);
        }
    }
    let year = financial_year(today);
    let answer = |(holder, gains): (&Holder<'_>, &Vec<&Gain<'_>>)| {
        let limit = tax::exemption(year).unwrap_or_default();
        let found = tax::advance_tax(gains, today)?;
        Some(HolderTax::of(holders.accounts(*holder), &found, limit))
    };
    let all: Option<Vec<HolderTax>> = of.iter().map(answer).collect();
    shared::http::ok(AdvanceTaxAnswer {
        currency: "INR",
        year,
        year_label: year_label(year),
        method: METHOD,
        holders: all.ok_or_else(|| Problem::new(NO_RATES))?,
        accounts: healths,
        left_out: book.left_out(),
    })
}

impl HolderTax {
    fn of(account_ids: Vec<Uuid>, found: &AdvanceTax, limit: Decimal) -> Self {
        let instalment = |one: &tax::Instalment| TaxInstalment {
            until: one.until,
            percent: one.percent,
            due: Money(one.due),
        };
        Self {
            account_ids,
            short_term_equity: Money(found.short_term_equity),
            long_term_equity: Money(found.long_term_equity),
            long_term_other: Money(found.long_term_other),
            at_own_rate: Money(found.at_own_rate),
            exemption_used: Money(found.exemption_used),
            exemption_left: Money(limit - found.exemption_used),
            tax: Money(found.tax),
            unknown: found.unknown,
            flagged: found.flagged,
            instalments: found.instalments.iter().map(instalment).collect(),
        }
    }
}
