//! What the caller is told of gains.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use ledger::tax::{
    AssetKind, Flag, Gain, GainClass, Term, by_class, financial_year, instalments, year_label,
};
use ledger::{LotSource, Money, Quantity, Way};
use rust_decimal::Decimal;
use serde::Serialize;
use shared::Problem;
use shared::page::{Page, PageQuery};
use stores::health::Health;
use stores::ledger::{Book, LeftOut};
use utoipa::ToSchema;
use uuid::Uuid;

use super::compared::Comparison;
use super::{Holder, Holders};

/// Gains of a workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gains {
    /// Always `INR`.
    currency: &'static str,
    /// By holder, year, class and term.
    totals: Vec<Total>,
    /// The lots that were sold in `year`, newest first; null without it.
    lots: Option<Page<ClosedLot>>,
    /// What brokers' own reports of gains say, and where they differ; none for what no report was imported of.
    pub(super) comparisons: Vec<Comparison>,
    /// How fresh each of the accounts is.
    pub(super) accounts: Vec<Health>,
    /// Securities that are left out of every figure here, and why; empty for nearly everybody.
    left_out: Vec<LeftOut>,
}

/// A class of gains of one holder in one year.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Total {
    /// The holder's permanent account number but for its middle; null when none is stated.
    holder: Option<String>,
    /// The holder's accounts.
    account_ids: Vec<Uuid>,
    /// The year in which the financial year begins.
    year: i16,
    /// How the year is called.
    year_label: String,
    class: GainClass,
    /// The section of the Act in force on the day; null where no special one applies.
    section: Option<&'static str>,
    term: Option<Term>,
    /// What was received, before charges.
    consideration: Money,
    /// What it cost, with the value of 31 January 2018 where that applies.
    cost: Money,
    /// Charges of sales; null when those of some are not known, and then `knownExpenses` has the others.
    #[schema(value_type = Option<String>)]
    expenses: Option<Money>,
    known_expenses: Money,
    gains: Money,
    /// Below zero.
    losses: Money,
    net: Money,
    /// `net` by the instalments of advance tax.
    instalments: Vec<Instalment>,
    /// Received for buy-backs and taxed as dividend: not in `consideration`.
    dividends: Money,
    /// How many closed lots are in it.
    lots: usize,
    /// How many of them have no known cost: neither in `gains` nor in `losses`.
    cost_unknown: usize,
    /// What deserves a look.
    flags: BTreeSet<Flag>,
}

/// What was gained between two instalments of advance tax.
#[derive(Serialize, ToSchema)]
struct Instalment {
    /// Its last day.
    until: Date,
    net: Money,
}

/// A lot, or a part of one, that was sold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClosedLot {
    account_id: Uuid,
    isin: String,
    name: String,
    /// The event that sold it.
    transaction_id: Uuid,
    sold_on: Date,
    /// The day the holding period counts from; null when it is not known.
    acquired_on: Option<Date>,
    source: LotSource,
    /// Squared off within the day.
    intraday: bool,
    quantity: Quantity,
    consideration: Money,
    /// Null when the source has no charges.
    #[schema(value_type = Option<String>)]
    expenses: Option<Money>,
    /// What it cost; null when it is not known.
    #[schema(value_type = Option<String>)]
    cost: Option<Money>,
    /// Consideration less known charges and cost.
    #[schema(value_type = Option<String>)]
    gain: Option<Money>,
    /// The cost for tax: with the value of 31 January 2018 where that applies.
    #[schema(value_type = Option<String>)]
    tax_cost: Option<Money>,
    /// The gain for tax.
    #[schema(value_type = Option<String>)]
    taxable_gain: Option<Money>,
    asset_kind: Option<AssetKind>,
    class: GainClass,
    section: Option<&'static str>,
    term: Option<Term>,
    flags: BTreeSet<Flag>,
}

pub(super) fn answer(
    page: &PageQuery,
    year: Option<i16>,
    book: &Book,
    gains: &[Gain<'_>],
    holders: &Holders<'_>,
) -> Result<Gains, Problem> {
    let account = |place: usize| book.ledger.places[place].account;
    let totals = by_class(gains, |place| holders.of(account(place)));
    let wanted = totals.into_iter().filter(|(of, _)| year.is_none_or(|year| of.year == year));
    let totals = wanted.map(|(of, sums)| Total {
        holder: masked(of.holder),
        account_ids: holders.accounts(of.holder),
        year: of.year,
        year_label: year_label(of.year),
        class: of.class,
        section: of.section,
        term: of.term,
        consideration: Money(sums.consideration),
        cost: Money(sums.cost),
        expenses: (!sums.flags.contains(&Flag::ChargesUnknown)).then_some(Money(sums.expenses)),
        known_expenses: Money(sums.expenses),
        net: Money(sums.net()),
        instalments: instalments(of.year)
            .into_iter()
            .zip(sums.instalments)
            .map(|(until, net)| Instalment { until, net: Money(net) })
            .collect(),
        gains: Money(sums.gains),
        losses: Money(sums.losses),
        dividends: Money(sums.dividends),
        lots: sums.lots,
        cost_unknown: sums.cost_unknown,
        flags: sums.flags,
    });
    let totals = totals.collect();
    let lots = year.map(|year| lots(page, year, book, gains)).transpose()?;
    Ok(Gains {
        currency: "INR",
        totals,
        lots,
        comparisons: Vec::new(),
        accounts: Vec::new(),
        left_out: book.left_out(),
    })
}

/// `ABCDE1234F` as `ABXXXXXX4F`: enough to tell one's family apart.
fn masked(holder: Holder<'_>) -> Option<String> {
    match holder {
        Holder::Known(number) => {
            let (first, rest) = number.split_at_checked(2)?;
            let last = rest.get(rest.len().saturating_sub(2)..)?;
            Some(format!("{first}XXXXXX{last}"))
        }
        Holder::Of(_) => None,
    }
}

fn lots(
    page: &PageQuery,
    year: i16,
    book: &Book,
    gains: &[Gain<'_>],
) -> Result<Page<ClosedLot>, Problem> {
    // A closing is known by its day, its sale, and which part of that it is: older sales may come in between pages.
    let after: Option<(Date, Uuid, usize)> = page.position()?;
    let mut parts: HashMap<Uuid, usize> = HashMap::new();
    let keyed = gains.iter().map(|gain| {
        let part = parts.entry(gain.closing.event).or_default();
        *part += 1;
        ((gain.closing.sold_on, gain.closing.event, *part), gain)
    });
    let mut of_year: Vec<_> = keyed.filter(|((on, ..), _)| financial_year(*on) == year).collect();
    of_year.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    let rest = of_year.into_iter().filter(|(key, _)| after.is_none_or(|after| *key < after));
    let items = rest.take(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
    let items: Vec<_> = items.map(|(key, gain)| (key, lot(book, gain))).collect();
    let Page { items, next_cursor } = Page::cut(items, page, |(key, _)| *key);
    Ok(Page { items: items.into_iter().map(|(_, lot)| lot).collect(), next_cursor })
}

fn lot(book: &Book, gain: &Gain<'_>) -> ClosedLot {
    let closing = gain.closing;
    let place = &book.ledger.places[closing.place];
    let money = |amount: Option<Decimal>| amount.map(Money);
    ClosedLot {
        account_id: place.account,
        isin: place.isin.to_string(),
        name: book.name_of(place.isin),
        transaction_id: closing.event,
        sold_on: closing.sold_on,
        acquired_on: closing.lot.acquired_on,
        source: closing.lot.source,
        intraday: matches!(closing.way, Way::Intraday { .. }),
        quantity: Quantity(closing.lot.quantity),
        consideration: Money(closing.consideration),
        expenses: money(closing.expenses),
        cost: money(closing.lot.cost),
        gain: money(closing.gain()),
        tax_cost: money(gain.cost),
        taxable_gain: money(gain.taxable()),
        asset_kind: gain.kind,
        class: gain.class,
        section: gain.class.section(closing.sold_on),
        term: gain.term,
        flags: gain.flags.clone(),
    }
}
