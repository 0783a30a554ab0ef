//! An investor with fifty holdings, each with a name, a symbol and two years of prices.

use anyhow::Result;
use testkit::{Here, Person};
use uuid::Uuid;

/// Fifty holdings of one account.
pub(crate) async fn investor(here: &Here) -> Result<Person> {
    let person = here.person().await?;
    let (account, import) = (Uuid::now_v7(), Uuid::now_v7());
    let admin = here.admin().await?;
    admin
        .batch_execute(
            "insert into transactions.instruments (isin, name, class, sector, source, as_of)
             select 'INE' || lpad(n::text, 6, '0') || '010', 'Company ' || n, 'equity', 'Energy', 'nse', '2026-11-20'
             from generate_series(1, 50) n;
             insert into transactions.symbols (exchange, symbol, isin, series, valid_from, valid_to)
             select 'NSE', 'COMPANY' || isin, isin, 'EQ', '2024-01-01', '2026-11-20' from transactions.instruments;
             insert into transactions.prices (isin, on_date, source, close, previous_close)
             -- Files of the NSE state the close before.
             select isin, day::date, 'nse', 100 + random() * 1000, 100 + random() * 1000
             from transactions.instruments, generate_series('2024-11-20', '2026-11-20', interval '1 day') day",
        )
        .await?;
    // The check digits, which a query cannot make as simply.
    for row in admin.query("select isin from transactions.instruments", &[]).await? {
        let wrong: String = row.get(0);
        let right = checked(&wrong[..11]);
        for table in ["instruments", "symbols", "prices"] {
            let sql = format!(
                "alter table transactions.{table} disable trigger all; update transactions.{table} set isin = '{right}' where isin = '{wrong}'"
            );
            admin.batch_execute(&sql).await?;
        }
    }
    admin
        .execute(
            "insert into brokers.accounts (workspace_id, account_id, broker, client_id, label) values ($1, $2, 'zerodha', 'AB1234', 'Zerodha')",
            &[&person.workspace_id, &account],
        )
        .await?;
    admin
        .execute(
            "insert into portfolio.holdings (workspace_id, account_id, isin, segment, name, available, t1, pledged,
                 discrepant, cost, statement_on, layout, import_id)
             select $1, $2, isin, 'equity', name, 100, 5, 0, 0, 50000, '2026-11-20', 'zerodha_console_holdings', $3
             from transactions.instruments",
            &[&person.workspace_id, &account, &import],
        )
        .await?;
    admin.batch_execute("analyze").await?;
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
