//! What became of each row of a file: no row is left out in silence.

use std::collections::{HashMap, HashSet};

use crate::sheets::Sheet;
use crate::{Entry, Place, RowError, Statement};

/// A row of so few cells below a table is a note.
pub(crate) const NOTE: usize = 2;

/// How many cells of a row have something in them.
pub(crate) fn filled(cells: &[String]) -> usize {
    cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A title, a heading, a total, a note.
    Framing,
    /// It is a holding, an event or an exit.
    Kept,
    /// It is known and says nothing to keep: an order that was cancelled, a contract.
    Passed,
    /// It has a fault.
    Refused,
}

/// The rows of a file, and what became of each.
pub(crate) struct Rows<'a> {
    sheets: &'a [Sheet],
    endings: Vec<Vec<Option<Ending>>>,
}

/// How many groups of rows that are not read are named one by one.
const MOST_GROUPS: usize = 50;

impl<'a> Rows<'a> {
    pub(crate) fn of(sheets: &'a [Sheet]) -> Self {
        Self { sheets, endings: sheets.iter().map(|sheet| vec![None; sheet.rows.len()]).collect() }
    }

    pub(crate) fn sheet(&self, number: usize) -> &'a Sheet {
        &self.sheets[number]
    }

    /// Notes what became of a row.
    pub(crate) fn end(&mut self, sheet: usize, row: usize, ending: Ending) {
        if let Some(place) = self.endings.get_mut(sheet).and_then(|rows| rows.get_mut(row)) {
            *place = Some(ending);
        }
    }

    /// Notes the same for every row of a sheet.
    pub(crate) fn end_all(&mut self, sheet: usize, ending: Ending) {
        if let Some(rows) = self.endings.get_mut(sheet) {
            rows.iter_mut().for_each(|place| *place = Some(ending));
        }
    }

    /// Counts every row that has something in it; names those that nothing became of.
    pub(crate) fn report(&self, statement: &mut Statement) {
        let mut unread: Vec<(Place, usize)> = Vec::new();
        for (sheet, endings) in self.sheets.iter().zip(&self.endings) {
            let mut goes_on = false;
            for (row, (cells, ending)) in sheet.rows.iter().zip(endings).enumerate() {
                if filled(cells) == 0 {
                    continue;
                }
                let tally = &mut statement.tally;
                tally.rows += 1;
                match ending {
                    Some(Ending::Framing) => tally.framing += 1,
                    Some(Ending::Kept) => tally.kept += 1,
                    Some(Ending::Passed) => tally.passed += 1,
                    Some(Ending::Refused) => tally.refused += 1,
                    None => tally.not_read += 1,
                }
                match (ending, unread.last_mut().filter(|_| goes_on)) {
                    (None, Some((_, rows))) => *rows += 1,
                    (None, None) => {
                        unread.push((Place { sheet: sheet.name.clone(), row: row + 1 }, 1));
                    }
                    (Some(_), _) => {}
                }
                goes_on = ending.is_none();
            }
        }
        let rest: usize = unread.iter().skip(MOST_GROUPS).map(|(_, rows)| rows).sum();
        for (place, rows) in unread.into_iter().take(MOST_GROUPS) {
            statement.warnings.push(not_read(
                place,
                "row",
                &format!("{rows} from here on, no part of a table that is known"),
            ));
        }
        if rest > 0 {
            let place = Place { sheet: None, row: 0 };
            statement.warnings.push(not_read(
                place,
                "row",
                &format!("{rest} more, no part of a table that is known"),
            ));
        }
    }
}

/// Names what of a file is not read.
pub(crate) fn not_read(place: Place, column: &str, what: &str) -> RowError {
    RowError { place, column: column.into(), reason: format!("not read: {what}") }
}

/// An id that stands on two rows which are not the same trade is no id: neither of them is kept.
pub(crate) fn refuse_shared_ids(first: usize, rows: &mut Rows<'_>, statement: &mut Statement) {
    let mut seen: HashMap<&str, Option<&Entry>> = HashMap::new();
    for entry in &statement.entries[first..] {
        let only = seen.entry(&entry.key).or_insert(Some(entry));
        if only.is_some_and(|one| (one.on, one.at, &one.act) != (entry.on, entry.at, &entry.act)) {
            *only = None;
        }
    }
    let shared: HashSet<String> =
        seen.into_iter().filter(|(_, only)| only.is_none()).map(|(key, _)| key.into()).collect();
    if shared.is_empty() {
        return;
    }
    let entries = statement.entries.split_off(first);
    for entry in entries {
        if !shared.contains(&entry.key) {
            statement.entries.push(entry);
            continue;
        }
        let sheet = rows.sheets.iter().position(|sheet| sheet.name == entry.place.sheet);
        rows.end(sheet.unwrap_or_default(), entry.place.row - 1, Ending::Refused);
        statement.errors.push(RowError {
            place: entry.place,
            column: "id".into(),
            reason: "stands on another row too, which is another trade; import the file as the broker gives it".into(),
        });
    }
}
