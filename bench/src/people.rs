//! An investor with fifty holdings, in a market of two thousand securities with two years of prices each.

use anyhow::Result;
use testkit::{Here, Person};
use uuid::Uuid;

/// How many securities there are: as many as the NSE's main board has, about.
const SECURITIES: usize = 2_000;
/// Every so many of them is held.
const HELD: usize = 40;

/// Fifty holdings of one account.
pub(crate) async fn investor(here: &Here) -> Result<Person> {
    let person = here.person().await?;
    let (account, import) = (Uuid::now_v7(), Uuid::now_v7());
    let admin = here.admin().await?;
    let isins: Vec<String> = (1..=SECURITIES).map(|n| checked(&format!("INE{n:06}01"))).collect();
    for sql in [
        "insert into market.instruments (isin, name, class, sector, source, as_of)
         select isin, 'Company ' || n, 'equity', 'Energy', 'nse', '2026-11-20'
         from unnest($1::text[]) with ordinality as x (isin, n)",
        "insert into market.symbols (exchange, symbol, isin, series, valid_from, valid_to)
         select 'NSE', 'COMPANY' || n, isin, 'EQ', '2024-01-01', '2026-11-20'
         from unnest($1::text[]) with ordinality as x (isin, n)",
        "insert into market.prices (isin, on_date, source, close, previous_close)
         -- Files of the NSE state the close before.
         select isin, day::date, 'nse', 100 + random() * 1000, 100 + random() * 1000
         from generate_series('2024-11-20', '2026-11-20', interval '1 day') day, unnest($1::text[]) isin",
    ] {
        admin.execute(sql, &[&isins]).await?;
    }
    let held: Vec<&String> = isins.iter().step_by(HELD).collect();
    admin
        .execute(
            "insert into brokers.accounts (workspace_id, account_id, broker, client_id, label) values ($1, $2, 'zerodha', 'AB1234', 'Zerodha')",
            &[&person.workspace_id, &account],
        )
        .await?;
    admin
        .execute(
            "insert into imports.holdings (workspace_id, account_id, isin, segment, name, available, t1, pledged,
                 discrepant, cost, statement_on, layout, import_id)
             select $1, $2, isin, 'equity', name, 100, 5, 0, 0, 50000, '2026-11-20', 'zerodha_console_holdings', $3
             from market.instruments where isin = any($4)",
            &[&person.workspace_id, &account, &import, &held],
        )
        .await?;
    admin.batch_execute("vacuum analyze").await?;
    Ok(person)
}

/// An ISIN with its check digit (ISO 6166: letters as two digits, then Luhn).
pub(crate) fn checked(eleven: &str) -> String {
    let digits: Vec<u32> = eleven
        .chars()
        .filter_map(|letter| letter.to_digit(36))
        .flat_map(|number| if number > 9 { vec![number / 10, number % 10] } else { vec![number] })
        .collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 } else { *digit })
        .map(|number| number / 10 + number % 10)
        .sum();
    format!("{eleven}{}", (10 - sum % 10) % 10)
}
