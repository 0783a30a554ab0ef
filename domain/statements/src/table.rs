//! A table inside a sheet: its header found, its rows read by column name.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use ledger::Isin;
use rust_decimal::Decimal;

use crate::cells::{Order, OrderSeen, day_in, decimal, normalised, time_after_day};
use crate::sheets::Sheet;
use crate::{Place, RowError};

/// The most decimals a quantity may have.
const MOST_DECIMALS: u32 = 6;
/// How far down a header may stand.
const HEADER_WITHIN: usize = 60;

/// A header row and where it stands.
#[derive(Debug)]
pub(crate) struct Header {
    /// The index of its row.
    pub(crate) row: usize,
    /// Column by normalised name; of two columns with one name the first counts.
    columns: BTreeMap<String, usize>,
    /// The columns that make it this layout.
    required: Vec<usize>,
    /// Where the section ends, in a sheet that has several.
    until: Option<usize>,
    /// Where what stands above it begins: below the table before it.
    pub(crate) above: usize,
    /// What the section is called.
    pub(crate) title: Option<String>,
    /// What each column says of the order of its days.
    orders: Vec<OrderSeen>,
}

impl Header {
    /// The first row that has all these names.
    pub(crate) fn find(sheet: &Sheet, required: &[&str]) -> Option<Self> {
        let required: Vec<String> = required.iter().map(|name| normalised(name)).collect();
        let mut rows = sheet.rows.iter().take(HEADER_WITHIN).enumerate();
        let found = rows.find_map(|(row, cells)| Self::at(row, cells, &required));
        found.map(|header| header.with_orders(sheet))
    }

    /// The same, having looked at how the days below are written.
    fn with_orders(mut self, sheet: &Sheet) -> Self {
        let mut orders = vec![OrderSeen::default(); sheet.rows[self.row].len()];
        for cells in &sheet.rows[self.row + 1..self.until.unwrap_or(sheet.rows.len())] {
            cells.iter().zip(&mut orders).for_each(|(cell, order)| order.see(cell));
        }
        self.orders = orders;
        self
    }

    /// The names of columns whose days could be read in either order.
    pub(crate) fn open_orders<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = &'a str> {
        let names = sheet.rows[self.row].iter().zip(&self.orders);
        names.filter(|(_, order)| order.is_open()).map(|(name, _)| name.trim())
    }

    /// Every row that has all these names, each with the table below it and what stands alone in a row above.
    pub(crate) fn sections(sheet: &Sheet, required: &[&str]) -> Vec<Self> {
        let first = required.first().copied().unwrap_or_default();
        let required: Vec<String> = required.iter().map(|name| normalised(name)).collect();
        // Most rows are no header, and that is seen before anything is made of them.
        let may_be =
            |cells: &[String]| cells.iter().any(|cell| cell.trim().eq_ignore_ascii_case(first));
        let rows = sheet.rows.iter().enumerate().filter(|(_, cells)| may_be(cells));
        let mut found: Vec<Self> =
            rows.filter_map(|(row, cells)| Self::at(row, cells, &required)).collect();
        // Each looks for its title below the table before it.
        let above: Vec<usize> =
            std::iter::once(0).chain(found.iter().map(|header| header.row + 1)).collect();
        let mut until = sheet.rows.len();
        for (header, above) in found.iter_mut().zip(above).rev() {
            header.until = Some(until);
            header.above = above;
            let rows = (above..header.row).rev();
            let title = rows.into_iter().find_map(|row| Some((row, alone(&sheet.rows[row])?)));
            (until, header.title) = match title {
                Some((row, title)) => (row, Some(title.to_owned())),
                None => (header.row, None),
            };
        }
        found.into_iter().map(|header| header.with_orders(sheet)).collect()
    }

    fn at(row: usize, cells: &[String], required: &[String]) -> Option<Self> {
        let mut columns = BTreeMap::new();
        for (column, name) in cells.iter().enumerate() {
            columns.entry(normalised(name)).or_insert(column);
        }
        let required: Option<Vec<usize>> =
            required.iter().map(|name| columns.get(name).copied()).collect();
        required.map(|required| Self {
            row,
            columns,
            required,
            until: None,
            above: 0,
            title: None,
            orders: Vec::new(),
        })
    }

    /// Whether there is a column of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(&normalised(name))
    }

    /// The rows of the table: those below the header, to the first blank one or the total.
    pub(crate) fn rows<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = Line<'a>> {
        (self.row + 1..self.end(sheet)).map(|index| self.line(sheet, index))
    }

    /// Rows below the end that look like the table's own: what a blank line or a stray total cut off.
    pub(crate) fn cut_off<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = Line<'a>> {
        (self.end(sheet) + 1..self.until.unwrap_or(sheet.rows.len()))
            .filter(|index| 2 * self.filled_columns(&sheet.rows[*index]) >= self.required.len())
            .map(|index| self.line(sheet, index))
    }

    /// The index of the row behind the section.
    pub(crate) fn until(&self, sheet: &Sheet) -> usize {
        self.until.unwrap_or(sheet.rows.len())
    }

    /// The index of the row that ends the table: a blank one, the total, or the first behind the section. A share called
    /// TOTAL has the columns filled that no total has.
    pub(crate) fn end(&self, sheet: &Sheet) -> usize {
        let ended = |cells: &Vec<String>| {
            let first = cells.iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty());
            first.is_none_or(|first| first.eq_ignore_ascii_case("total") && !self.filled(cells))
        };
        let until = self.until(sheet);
        let below = sheet.rows[..until].iter().skip(self.row + 1).position(ended);
        below.map_or(until, |below| self.row + 1 + below)
    }

    /// Whether every column that makes the layout has something in it.
    fn filled(&self, cells: &[String]) -> bool {
        self.filled_columns(cells) == self.required.len()
    }

    fn filled_columns(&self, cells: &[String]) -> usize {
        let filled =
            |column: &&usize| cells.get(**column).is_some_and(|cell| !cell.trim().is_empty());
        self.required.iter().filter(filled).count()
    }

    fn line<'a>(&'a self, sheet: &'a Sheet, index: usize) -> Line<'a> {
        let place = Place { sheet: sheet.name.clone(), row: index + 1 };
        Line {
            header: self,
            cells: &sheet.rows[index],
            place,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// The text of a row that has nothing else.
fn alone(cells: &[String]) -> Option<&str> {
    let mut filled = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
    filled.next().filter(|_| filled.next().is_none())
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
    pub(crate) warnings: Vec<RowError>,
}

impl Line<'_> {
    /// The text of a column; `None` when there is no such column or it is blank.
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        let index = self.header.columns.get(&normalised(column))?;
        self.cells.get(*index).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// An id that must be there. One that a spreadsheet kept as a number too long for it has lost its last digits, and
    /// would be another event than the same one in a CSV file.
    pub(crate) fn id(&mut self, column: &str) -> Option<String> {
        let id = self.text(column).map(str::to_owned);
        match &id {
            None => self.fault(column, "is blank".into()),
            Some(id) if id.contains(['e', 'E']) && id.parse::<f64>().is_ok() => {
                self.fault(
                    column,
                    "has lost digits in this spreadsheet; import the CSV file".into(),
                );
            }
            Some(_) => {}
        }
        id
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

    /// A sum as it is written: one that was exported is a product of a quantity and a price, with as many decimals.
    pub(crate) fn exact(&mut self, column: &str) -> Option<Decimal> {
        let sum = self.number(column)?.round_dp(2 * MOST_DECIMALS);
        if sum.is_sign_negative() && !sum.is_zero() {
            self.fault(column, "is negative".into());
        }
        Some(sum)
    }

    /// An average or a sum, to six decimals: a computed cell has as many as fit.
    pub(crate) fn price(&mut self, column: &str) -> Option<Decimal> {
        let price = self.number(column)?.round_dp(MOST_DECIMALS);
        if price.is_sign_negative() && !price.is_zero() {
            self.fault(column, "is negative".into());
        }
        Some(price)
    }

    /// A quantity, which cannot be negative; zero when the column is missing or blank.
    pub(crate) fn amount(&mut self, column: &str) -> Decimal {
        let number = self.number(column).unwrap_or_default();
        if number.normalize().scale() > MOST_DECIMALS {
            self.fault(column, format!("has more than {MOST_DECIMALS} decimals"));
        }
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

    /// A quantity that must be there and above zero.
    pub(crate) fn positive(&mut self, column: &str) -> Option<Decimal> {
        let amount = self.required_amount(column);
        if self.errors.is_empty() && amount.is_zero() {
            self.fault(column, "is zero".into());
        }
        (amount > Decimal::ZERO).then_some(amount)
    }

    /// A day that must be there.
    pub(crate) fn required_day(&mut self, column: &str) -> Option<Date> {
        let order = self.order(column);
        let read = self.text(column).map(|text| day_in(text, order));
        match read {
            Some(Some(day)) => Some(day),
            Some(None) if order == Order::Mixed => {
                let why = "stands in a column in which some days are written day first and others month first; write 2026-11-20";
                self.fault(column, why.into());
                None
            }
            Some(None) => {
                self.fault(column, "is not a date; write 2026-11-20".into());
                None
            }
            None => {
                self.fault(column, "is blank".into());
                None
            }
        }
    }

    /// The order in which the days of a column are written.
    fn order(&self, column: &str) -> Order {
        let index = self.header.columns.get(&normalised(column));
        let seen = index.and_then(|index| self.header.orders.get(*index)).copied();
        seen.unwrap_or_default().order()
    }

    /// The time that stands behind the day of a column. One that cannot be read deserves a look: without it a purchase
    /// and a sale of a day are squared off in the order of the file.
    pub(crate) fn time(&mut self, column: &str) -> Option<Time> {
        let read = time_after_day(self.text(column)?)?;
        if read.is_err() {
            self.warn(
                column,
                "has a time that cannot be read, and counts as without one; write 09:15:00".into(),
            );
        }
        read.ok()
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

    /// Notes what deserves a look.
    pub(crate) fn warn(&mut self, column: &str, reason: String) {
        self.warnings.push(RowError { place: self.place.clone(), column: column.into(), reason });
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, column: &str, reason: String) {
        self.errors.push(RowError { place: self.place.clone(), column: column.into(), reason });
    }
}
