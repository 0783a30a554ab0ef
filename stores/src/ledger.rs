//! The book of a workspace: its holdings with names, classes and newest prices, in one query.

use ::ledger::{Book, Holding, Isin, Money, Price, PricePoint, Quantity};
use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::db::{Entry, Statement, statement};
use shared::{Db, Problem, typed};
use tokio_postgres::Row;
use uuid::Uuid;

/// Which part of a book is wanted.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Of one account; of all when `None`.
    pub account: Option<Uuid>,
    /// Only what comes after this instrument and account; from the beginning when `None`.
    pub after: Option<(String, Uuid)>,
    /// How many holdings; all when `None`.
    pub most: Option<i64>,
}

/// A question for (a part of) the book of the entered workspace.
pub struct BookOn {
    day: Date,
    account: Option<Uuid>,
    after_isin: Option<String>,
    after_account: Option<Uuid>,
    most: Option<i64>,
}

impl BookOn {
    /// Holdings by instrument and account, at prices of `day` or before.
    pub fn new(day: Date, part: Part) -> Self {
        let (after_isin, after_account) = part.after.unzip();
        Self { day, account: part.account, after_isin, after_account, most: part.most }
    }

    /// The query.
    pub fn statement(&self) -> Statement<'_> {
        let Self { day, account, after_isin, after_account, most } = self;
        let params =
            [typed(day), typed(account), typed(after_isin), typed(after_account), typed(most)];
        statement(include_str!("ledger/book.sql"), params)
    }
}

/// The whole book of a workspace, in one round trip.
pub async fn book<'a>(db: &Db, entry: impl Into<Entry<'a>>, day: Date) -> Result<Book, Problem> {
    let [rows] = db.read(entry, [BookOn::new(day, Part::default()).statement()]).await?;
    read_book(&rows)
}

/// What a [`BookOn`] was answered.
pub fn read_book(rows: &[Row]) -> Result<Book, Problem> {
    rows.iter().map(holding).collect()
}

fn holding(row: &Row) -> Result<Holding, Problem> {
    let quantity = |column: &str| Quantity(row.get(column));
    let (available, t1, pledged) = (quantity("available"), quantity("t1"), quantity("pledged"));
    let price = |close: Decimal| PricePoint {
        close: Price(close),
        previous: row.get::<_, Option<Decimal>>("previous").map(Price),
        on: row.get("on_date"),
        source: row.get("price_source"),
    };
    Ok(Holding {
        account: row.get("account_id"),
        isin: Isin::parse(row.get("isin")).map_err(Problem::internal)?,
        name: row.get("name"),
        symbol: row.get("symbol"),
        class: row.get("class"),
        sector: row.get("sector"),
        owned: Quantity(available.0 + t1.0 + pledged.0),
        pledged,
        t1,
        discrepant: quantity("discrepant"),
        cost: row.get::<_, Option<Decimal>>("cost").map(Money),
        as_of: row.get("statement_on"),
        source: row.get("layout"),
        price: row.get::<_, Option<Decimal>>("close").map(price),
    })
}
