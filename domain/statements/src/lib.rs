//! Reads brokers' files into holdings and events. No I/O, no clock.
//!
//! A file is CSV or XLSX. Its layout is recognised by the set of its header names; one that is not
//! known is refused with the headers found, never guessed. A bad row is reported with row, column
//! and reason, and the good ones are kept. What a spreadsheet may cost is bounded: inflated bytes,
//! rows, columns and text.
#![warn(missing_docs)]

mod cells;
mod endings;
mod layouts;
mod part;
mod sheets;
mod table;

use jiff::civil::{Date, Time};
use ledger::tax::stated::Stated;
use ledger::{Act, Isin};
use rust_decimal::Decimal;
use serde::Serialize;

pub use layouts::{
    KnownLayout, events_template_csv, known_layouts, template_csv, zerodha_fill_key, zerodha_venue,
};
pub use part::{Part, folio_number, permanent_account_number};
pub use sheets::{MOST_COLUMNS, MOST_INFLATED_BYTES, MOST_ROWS};

/// The part of an account that a holdings statement is complete for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Shares, ETFs, bonds: what is held in demat and traded on an exchange.
    Equity,
    /// Mutual fund units.
    MutualFund,
}

impl Segment {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::MutualFund => "mutual_fund",
        }
    }
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The stable name of its layout.
    pub layout: &'static str,
    /// What of its owner's it is of.
    pub part: Part,
    /// The broker the layout belongs to; `None` for KiteMate's own template.
    pub broker: Option<&'static str>,
    /// The broker's id of the client, when the file names it.
    pub client_id: Option<String>,
    /// The day the statement is for, when the file says so.
    pub as_of: Option<Date>,
    /// The segments it lists completely.
    pub covers: Vec<Segment>,
    /// Whether it is a list of events, and not of what is held on a day.
    pub of_events: bool,
    /// Whether its columns are known from one importer only, and no real file of it was seen.
    pub unverified: bool,
    /// The good rows of a holdings statement.
    pub rows: Vec<Row>,
    /// The good rows of a list of events.
    pub entries: Vec<Entry>,
    /// What a consolidated statement says is in each folio: an assertion, never an event.
    pub folios: Vec<FolioUnits>,
    /// What a broker's report of gains says was sold, lot by lot: an assertion, never an event.
    pub exits: Exits,
    /// The others.
    pub errors: Vec<RowError>,
    /// What was read, but deserves a look; and what was not read, by name.
    pub warnings: Vec<RowError>,
    /// What became of each row.
    pub tally: Tally,
}

impl Statement {
    /// How many holdings, events and exits are kept.
    pub(crate) fn kept(&self) -> usize {
        self.rows.len() + self.entries.len() + self.exits.rows.len()
    }
}

/// How many rows of a file, of those that have something in them, met which end: together all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All of them.
    pub rows: usize,
    /// Titles, headings, totals and notes that the layout knows, and sheets that repeat others.
    pub framing: usize,
    /// Read into a holding, an event or an exit.
    pub kept: usize,
    /// Known, with nothing to keep: an order that was cancelled, a contract in a report of gains.
    pub passed: usize,
    /// Refused for a fault, which `errors` names.
    pub refused: usize,
    /// Not read, which `warnings` names.
    pub not_read: usize,
}

impl Tally {
    /// Adds the rows of another part of the same file.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.framing += other.framing;
        self.kept += other.kept;
        self.passed += other.passed;
        self.refused += other.refused;
        self.not_read += other.not_read;
    }

    /// Whether every row met exactly one end.
    pub fn adds_up(&self) -> bool {
        self.rows == self.framing + self.kept + self.passed + self.refused + self.not_read
    }
}

/// A holding as the file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands.
    pub place: Place,
    /// The security; `None` in layouts that name only a symbol.
    pub isin: Option<Isin>,
    /// The exchange symbol, when the file has one.
    pub symbol: Option<String>,
    /// What the file calls it.
    pub name: String,
    /// The sector the file states.
    pub sector: Option<String>,
    /// The segment it belongs to.
    pub segment: Segment,
    /// The folio of units outside demat, in layouts that tell folios.
    pub folio: Option<String>,
    /// Free to sell.
    pub available: Decimal,
    /// Bought and not yet delivered.
    pub t1: Decimal,
    /// Pledged, for margin or a loan; still owned.
    pub pledged: Decimal,
    /// What the broker cannot account for; not owned as far as anyone knows.
    pub discrepant: Decimal,
    /// Whether the file tells what of it is pledged or undelivered; otherwise all counts as available.
    pub parts_known: bool,
    /// Total cost of what is owned; `None` when the file does not know it.
    pub cost: Option<Decimal>,
}

impl Row {
    /// Available, bought and pledged together.
    pub fn owned(&self) -> Decimal {
        self.available + self.t1 + self.pledged
    }
}

/// Units of a scheme in a folio, as a consolidated statement closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FolioUnits {
    /// The scheme.
    pub isin: Isin,
    /// The folio, as its events have it; `None` where the file has none.
    pub folio: Option<String>,
    /// What the file calls it.
    pub name: String,
    /// The day on whose end it is so.
    pub on: Date,
    /// The units.
    pub units: Decimal,
    /// What they cost; `None` when the file does not say.
    pub cost: Option<Decimal>,
}

/// What a report of gains says of the sales of its period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    /// The first and the last day it is complete for.
    pub period: Option<(Date, Date)>,
    /// The good rows.
    pub rows: Vec<Stated>,
    /// How many rows are of futures, options, currencies and commodities.
    pub left_out: usize,
}

/// The market an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// Shares, ETFs, bonds: what is held in demat and traded on an exchange.
    Equity,
    /// Mutual fund units.
    MutualFund,
    /// Futures and options: stored and counted, and left out of lots, value and returns.
    Derivative,
    /// Currency contracts: likewise.
    Currency,
    /// Commodity contracts: likewise.
    Commodity,
}

/// An event as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// The security; `None` in layouts that name only a symbol, and of a contract.
    pub isin: Option<Isin>,
    /// The exchange symbol, when the file has one.
    pub symbol: Option<String>,
    /// What the file calls it.
    pub name: String,
    /// The folio of units outside demat.
    pub folio: Option<String>,
    /// Where it belongs.
    pub market: Market,
    /// The exchange and the series, as the file writes them.
    pub exchange: Option<String>,
    /// The series of the exchange.
    pub series: Option<String>,
    /// The day.
    pub on: Date,
    /// The time of execution.
    pub at: Option<Time>,
    /// The exchange's id of the trade, or what stands for it.
    pub reference: String,
    /// What makes it the same event in two files of one account.
    pub key: String,
    /// What happened.
    pub act: Act,
}

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The sheet of a spreadsheet; `None` in a CSV file.
    pub sheet: Option<String>,
    /// The row, counted from 1 as spreadsheets do.
    pub row: usize,
}

/// A fault of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The column, by its name in the file.
    pub column: String,
    /// What is wrong.
    pub reason: String,
}

/// Why a file as a whole is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Neither CSV text nor an XLSX workbook.
    #[error("the file is neither CSV text (UTF-8 or UTF-16), nor an XLSX workbook, nor JSON")]
    UnknownKind,
    /// An `.xls` workbook of old, or a workbook with a password.
    #[error(
        "the file is an old .xls workbook or has a password; save it as .xlsx without a password"
    )]
    OldOrLocked,
    /// A workbook that does not hold together.
    #[error("the workbook is damaged; download it again or save it anew")]
    Damaged,
    /// JSON that is no statement.
    #[error("the file is JSON, and no consolidated account statement as casparser writes it")]
    OtherJson,
    /// A statement that does not say its day, of a kind that always does.
    #[error("the file does not say the day it is for; make it anew from the statement")]
    Undated,
    /// A consolidated statement of more than one demat account.
    #[error("the file has {count} demat accounts")]
    SeveralAccounts {
        /// How many.
        count: usize,
    },
    /// More than a statement has.
    #[error("the file has more than {limit} {what}; split it")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// No header row is that of a known layout.
    #[error("no table of a known layout was found")]
    UnknownLayout {
        /// The rows that looked most like headers, a list per sheet.
        found: Vec<Vec<String>>,
    },
}

/// Reads a file of one account, or of folios. Some brokers say only in its name whose it is.
pub fn read(file: &[u8], name: Option<&str>) -> Result<Statement, Refusal> {
    let parts = read_parts(file, name)?;
    let count = parts.len();
    Statement::join(parts).ok_or(Refusal::SeveralAccounts { count })
}

/// Reads a file; a consolidated statement has a part for each demat account or folio, every other file one.
pub fn read_parts(file: &[u8], name: Option<&str>) -> Result<Vec<Statement>, Refusal> {
    if let Some(json) = sheets::json(file) {
        return layouts::cas(&json);
    }
    // The separator of a text is the first by which it is a known layout; Excel also writes tabs and semicolons.
    let mut unknown: Vec<Vec<String>> = Vec::new();
    for separator in sheets::SEPARATORS {
        match layouts::interpret(&sheets::read(file, separator)?, name) {
            Err(Refusal::UnknownLayout { found }) if sheets::is_text(file) => {
                let names = |found: &[Vec<String>]| found.iter().map(Vec::len).max();
                if names(&found) > names(&unknown) {
                    unknown = found;
                }
            }
            read => return Ok(vec![read?]),
        }
    }
    Err(Refusal::UnknownLayout { found: unknown })
}
