//! A table inside a sheet: its header found, its rows read by column name.

use std::collections::BTreeMap;

use ledger::Isin;
use rust_decimal::Decimal;

use crate::cells::{decimal, normalised};
use crate::sheets::Sheet;
use crate::{Place, RowError};

/// How far down a header may stand.
const HEADER_WITHIN: usize = 60;

/// A header row and where it stands.
#[derive(Debug)]
pub(crate) struct Header {
    /// The index of its row.
    pub(crate) row: usize,
    /// Column by normalised name; of two columns with one name the first counts.
    columns: BTreeMap<String, usize>,
}

impl Header {
    /// The first row that has all these names.
    pub(crate) fn find(sheet: &Sheet, required: &[&str]) -> Option<Self> {
        let required: Vec<String> = required.iter().map(|name| normalised(name)).collect();
        sheet.rows.iter().take(HEADER_WITHIN).enumerate().find_map(|(row, cells)| {
            let mut columns = BTreeMap::new();
            for (column, name) in cells.iter().enumerate() {
                columns.entry(normalised(name)).or_insert(column);
            }
            required.iter().all(|name| columns.contains_key(name)).then_some(Self { row, columns })
        })
    }

    /// Whether there is a column of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(&normalised(name))
    }

    /// The rows below it, to the first blank one or the total.
    pub(crate) fn rows<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = Line<'a>> {
        let ended = |cells: &[String]| {
            let first = cells.iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty());
            first.is_none_or(|first| first.eq_ignore_ascii_case("total"))
        };
        let below = sheet.rows.iter().enumerate().skip(self.row + 1);
        below.take_while(move |(_, cells)| !ended(cells)).map(|(index, cells)| Line {
            header: self,
            cells,
            place: Place { sheet: sheet.name.clone(), row: index + 1 },
            errors: Vec::new(),
        })
    }
}

/// The row of a sheet that looks most like a header: the most texts that are no numbers.
pub(crate) fn likely_header(sheet: &Sheet) -> Vec<String> {
    let names = |cells: &Vec<String>| -> Vec<String> {
        let name = |cell: &&String| !cell.trim().is_empty() && decimal(cell).is_err();
        cells.iter().filter(name).map(|cell| cell.trim().chars().take(60).collect()).collect()
    };
    let rows = sheet.rows.iter().take(HEADER_WITHIN).map(names);
    // Of equals the first: a header stands above its rows.
    rows.fold(Vec::new(), |longest, row| if row.len() > longest.len() { row } else { longest })
}

/// A row being read; its faults are collected.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    header: &'a Header,
    cells: &'a [String],
    /// Where it stands.
    pub(crate) place: Place,
    /// What is wrong with it.
    pub(crate) errors: Vec<RowError>,
}

impl Line<'_> {
    /// The text of a column; `None` when there is no such column or it is blank.
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        let index = self.header.columns.get(&normalised(column))?;
        self.cells.get(*index).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// The number of a column; `None` when blank or faulty, and then the fault is noted.
    pub(crate) fn number(&mut self, column: &str) -> Option<Decimal> {
        match decimal(self.text(column)?) {
            Ok(number) => number,
            Err(reason) => {
                self.fault(column, reason);
                None
            }
        }
    }

    /// A quantity or an amount, which cannot be negative; zero when the column is missing or blank.
    pub(crate) fn amount(&mut self, column: &str) -> Decimal {
        let number = self.number(column).unwrap_or_default();
        if number.is_sign_negative() && !number.is_zero() {
            self.fault(column, "is negative".into());
        }
        number
    }

    /// A quantity that must be there.
    pub(crate) fn required_amount(&mut self, column: &str) -> Decimal {
        if self.text(column).is_none() {
            self.fault(column, "is blank".into());
        }
        self.amount(column)
    }

    /// The ISIN of a row that must have one.
    pub(crate) fn isin(&mut self, column: &str) -> Option<Isin> {
        let Some(text) = self.text(column) else {
            self.fault(column, "is blank".into());
            return None;
        };
        match Isin::parse(text) {
            Ok(isin) => Some(isin),
            Err(err) => {
                self.fault(column, err.to_string());
                None
            }
        }
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, column: &str, reason: String) {
        self.errors.push(RowError { place: self.place.clone(), column: column.into(), reason });
    }
}
