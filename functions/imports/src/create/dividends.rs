//! Dividends of a broker's statement that are stored already, from somebody else.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use ledger::{Act, IncomeKind};
use rust_decimal::Decimal;
use shared::Problem;
use shared::db::Tenant;
use shared::typed;
use statements::{Entry, Statement};
use uuid::Uuid;

/// The layouts whose dividends are dated by the ex-date and keyed alike.
const BY_EX_DATE: [&str; 2] = ["zerodha_dividends", "zerodha_tax_pnl"];
/// Money comes within so many days of the ex-date.
const PAID_WITHIN: i32 = 60;

/// A dividend that is stored, of another source.
struct Stored {
    isin: String,
    on: Date,
    gross: Decimal,
    /// Applied from the exchange's list, which adds several of one day up.
    of_exchange: bool,
}

/// The keys of those that are not to be stored again.
pub(super) async fn already_stored(
    tx: &Tenant,
    account: Uuid,
    read: &Statement,
) -> Result<BTreeSet<String>, Problem> {
    let paid: Vec<(&Entry, Decimal)> = read.entries.iter().filter_map(dividend).collect();
    if paid.is_empty() || !BY_EX_DATE.contains(&read.layout) {
        return Ok(BTreeSet::new());
    }
    let own: Vec<String> = BY_EX_DATE.map(str::to_owned).into();
    let sql = "select isin, on_date, amount, (source = 'nse_corporate_actions' or source_key like 'nse|dividend|%') as of_exchange
         from transactions.transactions
         where account_id = $1 and kind = 'dividend' and removed_at is null and not source = any ($2)
         order by on_date, transaction_id";
    let rows = tx.query(sql, [typed(&account), typed(&own)]).await?;
    let stored = rows.iter().map(|row| Stored {
        isin: row.get("isin"),
        on: row.get("on_date"),
        gross: row.get("amount"),
        of_exchange: row.get("of_exchange"),
    });
    Ok(matched(&paid, stored.collect()))
}

fn dividend(entry: &Entry) -> Option<(&Entry, Decimal)> {
    match entry.act {
        Act::Income { kind: IncomeKind::Dividend, gross, .. } => Some((entry, gross)),
        _ => None,
    }
}

/// What the exchange's list has of an ex-date is all of that day; anything else is one dividend of the same amount.
fn matched(paid: &[(&Entry, Decimal)], stored: Vec<Stored>) -> BTreeSet<String> {
    let mut by_isin: HashMap<String, Vec<Stored>> = HashMap::new();
    for one in stored {
        by_isin.entry(one.isin.clone()).or_default().push(one);
    }
    let mut stored_keys = BTreeSet::new();
    for (entry, gross) in paid {
        let of = entry.isin.and_then(|isin| by_isin.get_mut(isin.as_str()));
        let Some(of) = of else { continue };
        if of.iter().any(|one| one.of_exchange && one.on == entry.on) {
            stored_keys.insert(entry.key.clone());
            continue;
        }
        let days = |on: Date| entry.on.until(on).map_or(-1, |span| span.get_days());
        let same = |one: &Stored| one.gross == *gross && (0..=PAID_WITHIN).contains(&days(one.on));
        if let Some(at) = of.iter().position(same) {
            of.remove(at);
            stored_keys.insert(entry.key.clone());
        }
    }
    stored_keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(on: &str, gross: i64, of_exchange: bool) -> Stored {
        Stored {
            isin: "INE467B01029".into(),
            on: on.parse().unwrap(),
            gross: gross.into(),
            of_exchange,
        }
    }

    /// How many of two dividends of one ex-date, of 8 and of 67, are told.
    fn of_two(stored: Vec<Stored>) -> usize {
        let file = "Symbol,ISIN,Ex-Date,Quantity,Dividend Per Share,Net Dividend Amount\n\
            TCS,INE467B01029,2023-01-16,1,8,8\nTCS,INE467B01029,2023-01-16,1,67,67\n";
        let read = statements::read(file.as_bytes(), None).unwrap();
        let paid: Vec<_> = read.entries.iter().filter_map(dividend).collect();
        matched(&paid, stored).len()
    }

    #[test]
    fn one_that_was_entered_is_one_and_the_exchanges_are_all_of_a_day() {
        assert_eq!(of_two(vec![]), 0);
        assert_eq!(of_two(vec![stored("2023-02-10", 8, false)]), 1);
        assert_eq!(of_two(vec![stored("2023-02-10", 9, false)]), 0, "another amount");
        assert_eq!(of_two(vec![stored("2023-04-10", 8, false)]), 0, "another dividend");
        assert_eq!(
            of_two(vec![stored("2023-01-16", 8, false), stored("2023-01-16", 67, false)]),
            2
        );
        assert_eq!(of_two(vec![stored("2023-01-16", 75, true)]), 2);
    }
}
