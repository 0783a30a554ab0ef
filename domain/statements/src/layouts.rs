//! The layouts that are known, each in its own file, and choosing among them.

mod cas;
mod groww;
mod groww_funds;
mod groww_orders;
mod kite;
mod plain;
mod template;
mod template_events;
mod zerodha_console;
mod zerodha_dividends;
mod zerodha_gains;
mod zerodha_tradebook;

pub(crate) use cas::read as cas;
pub use zerodha_tradebook::{fill_key as zerodha_fill_key, venue as zerodha_venue};

use std::collections::HashMap;

use jiff::civil::{Date, Time};
use ledger::columns::{act, columns};
use ledger::tax::stated::Stated;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::endings::{Ending, NOTE, Rows, filled, refuse_shared_ids};
use crate::sheets::Sheet;
use crate::table::{Header, Line, likely_header};
use crate::{Entry, Exits, Part, Place, Refusal, Row, RowError, Segment, Statement, Tally};

/// A layout: how it is recognised and how its rows are read.
pub(crate) struct Layout {
    /// Its stable name.
    name: &'static str,
    /// The broker, `None` for our own.
    broker: Option<&'static str>,
    /// What it is, for people.
    about: &'static str,
    /// The header names that make it this layout.
    required: &'static [&'static str],
    /// A sheet that repeats the others.
    skip_sheet: Option<&'static str>,
    /// The segments a table of it is complete for.
    covers: fn(&Header) -> &'static [Segment],
    /// Whether a segment without a row is left out of those.
    covers_only_listed: bool,
    /// Reads a row; `None` when a fault was noted that leaves nothing to keep.
    row: Reads,
    /// Whether its columns are known from one importer only.
    unverified: bool,
    /// The client's id in the file's name.
    client_in_name: Option<fn(&str) -> Option<String>>,
    /// Reads what stands above the table.
    preamble: fn(&[Vec<String>]) -> Preamble,
    /// The date a row states for itself.
    row_date: Option<fn(&mut Line<'_>) -> Option<Date>>,
    /// Whether a sheet has a table for each of its sections.
    sections: bool,
    /// What else the same file has.
    also: Option<&'static Layout>,
    /// Whether an event is itself by an id of the exchange or the broker, which no other row of the file can have.
    ids_of_trades: bool,
}

impl Layout {
    /// What a layout is where it does not say otherwise.
    const PLAIN: Self = Self {
        name: "",
        broker: None,
        about: "",
        required: &[],
        skip_sheet: None,
        covers: |_| &[],
        covers_only_listed: false,
        row: Reads::Holding(|_, _| None),
        unverified: false,
        client_in_name: None,
        preamble: |_| Preamble::default(),
        row_date: None,
        sections: false,
        also: None,
        ids_of_trades: false,
    };

    /// Whether a sheet repeats the others.
    fn skips(&self, sheet: &Sheet) -> bool {
        self.skip_sheet.is_some() && sheet.name.as_deref() == self.skip_sheet
    }

    /// The tables of it in a file, each with the number of its sheet.
    fn tables(&self, sheets: &[Sheet]) -> Result<Vec<(usize, Header)>, Refusal> {
        let of = |(number, sheet): (usize, &Sheet)| {
            let found = if self.sections {
                Header::sections(sheet, self.required)
            } else {
                Header::find(sheet, self.required).into_iter().collect()
            };
            found.into_iter().map(move |header| (number, header))
        };
        let found: Vec<_> = sheets
            .iter()
            .enumerate()
            .filter(|(_, sheet)| !self.skips(sheet))
            .flat_map(of)
            .take(MOST_TABLES + 1)
            .collect();
        if found.len() > MOST_TABLES {
            return Err(Refusal::TooLarge { what: "tables", limit: MOST_TABLES });
        }
        Ok(found)
    }
}

/// What the rows of a layout are.
pub(crate) enum Reads {
    /// What is held on the statement's day.
    Holding(fn(&mut Line<'_>, &Header) -> Option<Row>),
    /// What happened.
    Event(fn(&mut Line<'_>, &Header) -> Option<Entry>),
    /// What was sold, as the broker matched it.
    Exit(fn(&mut Line<'_>, &Header) -> Option<Stated>),
}

/// What stands above a table.
#[derive(Debug, Default)]
pub(crate) struct Preamble {
    client_id: Option<String>,
    as_of: Option<Date>,
    /// A line says "as on", and no day that could be read.
    undated: bool,
    /// The days a report of gains is for.
    period: Option<(Date, Date)>,
}

impl Preamble {
    /// What stands above a table of holdings: the client, by one of these labels, and the day.
    fn of_holdings(rows: &[Vec<String>], labels: &[&str]) -> Self {
        let as_of = dated(rows);
        Self {
            client_id: labels.iter().find_map(|label| labelled(rows, label)),
            as_of: as_of.and_then(Result::ok),
            undated: as_of == Some(Err(())),
            period: None,
        }
    }
}

/// A layout as the documentation and refusals name it.
#[derive(Clone, Debug, Serialize)]
pub struct KnownLayout {
    /// Its stable name.
    pub layout: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The header names it is recognised by.
    pub headers: &'static [&'static str],
}

/// The layout whose every row is in a folio.
pub(crate) const TELLS_FOLIOS: &str = groww_funds::LAYOUT.name;
/// A report has a table for each of its sections, on a few sheets.
const MOST_TABLES: usize = 200;
/// A client's id is no longer at any broker.
const LONGEST_ID: usize = 40;
/// What makes an event itself is no longer.
const LONGEST_KEY: usize = 500;
/// What an instrument is called is cut here.
const LONGEST_NAME: usize = 200;
/// More shares than any company has.
const MOST_OWNED: i64 = 1_000_000_000_000;
/// More rupees than anybody holds of one.
const MOST_COST: i64 = 100_000_000_000_000;

/// Every layout that can be read. The most particular come first.
const LAYOUTS: &[Layout] = &[
    zerodha_tradebook::LAYOUT,
    zerodha_gains::LAYOUT,
    zerodha_dividends::LAYOUT,
    zerodha_console::LAYOUT,
    groww_orders::LAYOUT,
    groww::LAYOUT,
    groww_funds::LAYOUT,
    plain::ANGEL_ONE,
    plain::ANGEL_ONE_VALUES,
    plain::ANGEL_ONE_PORTFOLIO,
    plain::ICICI_DIRECT,
    kite::LAYOUT,
    plain::UPSTOX,
    template_events::LAYOUT,
    template::LAYOUT,
];

/// The layouts that can be read.
pub fn known_layouts() -> Vec<KnownLayout> {
    let known = |layout: &Layout| KnownLayout {
        layout: layout.name,
        about: layout.about,
        headers: layout.required,
    };
    LAYOUTS.iter().map(known).chain(cas::KNOWN).collect()
}

/// KiteMate's own layout as an empty CSV file.
pub fn template_csv() -> String {
    template::csv()
}

/// KiteMate's own layout for events as an empty CSV file.
pub fn events_template_csv() -> String {
    template_events::csv()
}

/// Recognises the layout and reads every table of it.
pub(crate) fn interpret(sheets: &[Sheet], name: Option<&str>) -> Result<Statement, Refusal> {
    for layout in LAYOUTS {
        let tables = layout.tables(sheets)?;
        if !tables.is_empty() {
            let mut rows = Rows::of(sheets);
            let mut statement = statement(layout, &tables, &mut rows);
            if let Some(also) = layout.also {
                add_tables(also, &also.tables(sheets)?, &mut rows, &mut statement);
            }
            for (number, _) in sheets.iter().enumerate().filter(|(_, sheet)| layout.skips(sheet)) {
                rows.end_all(number, Ending::Framing);
            }
            rows.report(&mut statement);
            let named = layout.client_in_name.zip(name).and_then(|(read, name)| read(name));
            statement.client_id = statement.client_id.or(named);
            return Ok(statement);
        }
    }
    let found = sheets.iter().map(likely_header).filter(|names| !names.is_empty()).collect();
    Err(Refusal::UnknownLayout { found })
}

fn statement(layout: &Layout, tables: &[(usize, Header)], rows: &mut Rows<'_>) -> Statement {
    let mut statement = Statement {
        layout: layout.name,
        part: Part::Account,
        broker: layout.broker,
        client_id: None,
        as_of: None,
        covers: Vec::new(),
        of_events: matches!(layout.row, Reads::Event(_) | Reads::Exit(_)),
        unverified: layout.unverified,
        rows: Vec::new(),
        entries: Vec::new(),
        folios: Vec::new(),
        exits: Exits::default(),
        errors: Vec::new(),
        warnings: Vec::new(),
        tally: Tally::default(),
    };
    add_tables(layout, tables, rows, &mut statement);
    statement.covers.sort();
    statement.covers.dedup();
    if layout.covers_only_listed {
        let rows = &statement.rows;
        statement.covers.retain(|segment| rows.iter().any(|row| row.segment == *segment));
    }
    statement.client_id =
        statement.client_id.filter(|id| (1..=LONGEST_ID).contains(&id.chars().count()));
    statement
}

fn add_tables(
    layout: &Layout,
    tables: &[(usize, Header)],
    rows: &mut Rows<'_>,
    statement: &mut Statement,
) {
    let first = statement.entries.len();
    for (number, header) in tables {
        let sheet = &rows.sheet(*number);
        preamble(layout, sheet, header, statement);
        (header.above..=header.row).for_each(|row| rows.end(*number, row, Ending::Framing));
        statement.covers.extend((layout.covers)(header));
        for line in header.rows(sheet) {
            let row = line.place.row - 1;
            let ending = read_line(layout, header, line, statement);
            rows.end(*number, row, ending);
        }
        // What stands below is a total and notes, as long as it has few cells.
        let end = header.end(sheet);
        let until = header.until(sheet);
        for row in (end..until).filter(|row| *row == end || filled(&sheet.rows[*row]) <= NOTE) {
            rows.end(*number, row, Ending::Framing);
        }
        for mut line in header.cut_off(sheet) {
            line.fault(
                "row",
                "stands below the end of the table; remove the blank row or total above it".into(),
            );
            rows.end(*number, line.place.row - 1, Ending::Refused);
            statement.errors.append(&mut line.errors);
        }
    }
    tell_apart(&mut statement.entries[first..], layout);
    if layout.ids_of_trades {
        refuse_shared_ids(first, rows, statement);
    }
}

/// Takes what stands above a table, and says what of it deserves a look.
fn preamble(layout: &Layout, sheet: &Sheet, header: &Header, statement: &mut Statement) {
    let above = (layout.preamble)(&sheet.rows[header.above..header.row]);
    statement.client_id = statement.client_id.take().or(above.client_id);
    statement.as_of = statement.as_of.or(above.as_of);
    statement.exits.period = statement.exits.period.or(above.period);
    let place = Place { sheet: sheet.name.clone(), row: header.row + 1 };
    let mut warn = |column: &str, reason: &str| {
        let (place, column, reason) = (place.clone(), column.to_owned(), reason.to_owned());
        statement.warnings.push(RowError { place, column, reason });
    };
    if above.undated {
        warn(
            "as_of",
            "a line above the table says \"as on\", and no day that can be read; say `asOf`",
        );
    }
    for name in header.open_orders(sheet) {
        warn(name, "every day in it can be read day first or month first; read day first");
    }
}

/// Two rows that say the same without a reference are two events; of two files that both have them, they are the same.
fn tell_apart(entries: &mut [Entry], layout: &Layout) {
    if ![template_events::LAYOUT.name, zerodha_dividends::LAYOUT.name].contains(&layout.name) {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for entry in entries.iter_mut().filter(|entry| entry.reference.is_empty()) {
        let count = seen.entry(entry.key.clone()).or_default();
        *count += 1;
        entry.key = format!("{}|{count}", entry.key);
    }
}

fn read_line(
    layout: &Layout,
    header: &Header,
    mut line: Line<'_>,
    statement: &mut Statement,
) -> Ending {
    let (faults_before, kept_before) = (statement.errors.len(), statement.kept());
    if let Some(stated) = layout.row_date.and_then(|read| read(&mut line)) {
        match statement.as_of {
            Some(first) if first != stated => {
                line.fault("as_of", format!("differs from {first} in the rows above"))
            }
            _ => statement.as_of = Some(stated),
        }
    }
    match layout.row {
        Reads::Holding(read) => {
            let row = read(&mut line, header);
            if line.errors.is_empty() {
                statement_row(row, statement);
            }
        }
        Reads::Exit(read) => {
            let exit = read(&mut line, header);
            match exit.filter(|_| line.errors.is_empty()) {
                Some(exit) => statement.exits.rows.push(exit),
                None if line.errors.is_empty() => statement.exits.left_out += 1,
                None => {}
            }
        }
        Reads::Event(read) => {
            let entry = read(&mut line, header);
            if let Some(entry) = entry.filter(|_| line.errors.is_empty()) {
                for (column, reason) in faults(&entry) {
                    line.fault(column, reason);
                }
                if line.errors.is_empty() {
                    statement.entries.push(shortened(entry));
                }
            }
        }
    }
    statement.errors.append(&mut line.errors);
    statement.warnings.append(&mut line.warnings);
    if statement.errors.len() > faults_before {
        Ending::Refused
    } else if statement.kept() > kept_before {
        Ending::Kept
    } else {
        Ending::Passed
    }
}

/// What the ledger refuses of an event, whatever the layout.
fn faults(entry: &Entry) -> Vec<(&'static str, String)> {
    let wrong = act(&columns(&entry.act)).err().unwrap_or_default().into_iter();
    let mut wrong: Vec<_> = wrong.map(|(column, reason)| (column, String::from(reason))).collect();
    if entry.key.len() > LONGEST_KEY || entry.reference.len() > LONGEST_KEY {
        wrong.push(("reference", "is longer than any id of a trade".into()));
    }
    wrong
}

fn shortened(mut entry: Entry) -> Entry {
    // Of a second nobody needs parts, and a database rounds some of them up to midnight.
    entry.at = entry.at.and_then(|at| Time::new(at.hour(), at.minute(), at.second(), 0).ok());
    entry.exchange = entry.exchange.filter(|exchange| exchange.len() <= LONGEST_ID);
    entry.series = entry.series.filter(|series| series.len() <= LONGEST_ID);
    let texts = [Some(&mut entry.name), entry.symbol.as_mut(), entry.folio.as_mut()];
    for text in texts.into_iter().flatten() {
        *text = text.chars().take(LONGEST_NAME).collect();
    }
    entry
}

fn statement_row(row: Option<Row>, statement: &mut Statement) {
    let Some(mut row) = row else { return };
    for text in
        [Some(&mut row.name), row.sector.as_mut(), row.symbol.as_mut()].into_iter().flatten()
    {
        *text = text.chars().take(LONGEST_NAME).collect();
    }
    if row.owned() > Decimal::from(MOST_OWNED)
        || row.cost.is_some_and(|cost| cost > Decimal::from(MOST_COST))
    {
        let reason = "is larger than any holding".to_owned();
        statement.errors.push(RowError { place: row.place, column: "quantity".into(), reason });
        return;
    }
    if !row.discrepant.is_zero() {
        let reason =
            format!("{} are discrepant and not counted as owned", row.discrepant.normalize());
        statement.warnings.push(RowError {
            place: row.place.clone(),
            column: "quantity".into(),
            reason,
        });
    }
    statement.rows.push(row);
}

/// A folio as the ledger knows places: without spaces.
fn folio(text: &str) -> String {
    text.split_whitespace().collect::<String>().chars().take(LONGEST_ID).collect()
}

/// The id that belongs to a label: right of it, or below it where the labels stand side by side. An id has a digit, and
/// is no date.
fn labelled(rows: &[Vec<String>], label: &str) -> Option<String> {
    let is_id = |cell: &&str| {
        cell.bytes().any(|byte| byte.is_ascii_digit())
            && !cell.contains(char::is_whitespace)
            && !(cell.contains(['-', '/']) && crate::cells::day(cell).is_some())
    };
    rows.iter().enumerate().find_map(|(row, cells)| {
        let at = cells
            .iter()
            .position(|cell| cell.trim().trim_end_matches(':').eq_ignore_ascii_case(label))?;
        let right = cells[at + 1..].iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty());
        let below = || rows.get(row + 1)?.get(at).map(|cell| cell.trim());
        right.filter(is_id).or_else(|| below().filter(is_id)).map(str::to_owned)
    })
}

/// The days of a "… from 2025-04-01 to 2026-03-31" line.
fn period(rows: &[Vec<String>]) -> Option<(Date, Date)> {
    rows.iter().flatten().find_map(|cell| {
        let (_, days) = cell.split_once(" from ")?;
        let (from, to) = days.split_once(" to ")?;
        let (from, to) = (crate::cells::day(from.trim())?, crate::cells::day(to.trim())?);
        (from <= to).then_some((from, to))
    })
}

/// The day of an "… as on …" line: the first that can be read, or that there is a line and none can be.
fn dated(rows: &[Vec<String>]) -> Option<Result<Date, ()>> {
    let mut said = rows.iter().flatten().filter_map(|cell| crate::cells::as_on(cell)).peekable();
    let first = said.peek().copied();
    said.find(Result::is_ok).or(first)
}
