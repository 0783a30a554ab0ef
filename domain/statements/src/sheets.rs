//! A file's cells as text, whatever kind of file it is, within bounds.

use std::io::{BufRead, BufReader, Cursor, Read};

use calamine::{DataRef, Reader, Xlsx, open_workbook_from_rs};
use quick_xml::events::Event as XmlEvent;

use crate::Refusal;

/// A workbook may inflate to this many bytes.
pub const MOST_INFLATED_BYTES: usize = 64 * 1024 * 1024;
/// A sheet may have this many rows.
pub const MOST_ROWS: usize = 100_000;
/// A sheet may have this many columns.
pub const MOST_COLUMNS: usize = 100;
/// The cells that are read may hold this much text together.
const MOST_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// The cells of all sheets together, those left empty between others included.
const MOST_CELLS: usize = 2_000_000;
/// A workbook has this many sheets at most.
const MOST_SHEETS: usize = 20;
/// A workbook has this many parts at most.
const MOST_PARTS: usize = 1_000;

/// A sheet: its cells as text, blank rows and columns included.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Its name; `None` in a CSV file.
    pub(crate) name: Option<String>,
    /// Its rows, from the first.
    pub(crate) rows: Vec<Vec<String>>,
}

/// What can stand between the cells of a text: as CSV, as Excel's "Text" and "Unicode Text", and as Excel writes CSV where
/// a comma is the decimal point.
pub(crate) const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// Whether a file is text, whose separator is to be found.
pub(crate) fn is_text(file: &[u8]) -> bool {
    !matches!(file, [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] | [])
}

pub(crate) fn read(file: &[u8], separator: u8) -> Result<Vec<Sheet>, Refusal> {
    match file {
        [] => Err(Refusal::Empty),
        [b'P', b'K', 3, 4, ..] => workbook(file),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(Refusal::OldOrLocked),
        _ => Ok(vec![text(&decode(file)?, separator)?]),
    }
}

/// The text of a file that is JSON: an object, as no table begins.
pub(crate) fn json(file: &[u8]) -> Option<String> {
    let bare = file.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(file);
    bare.trim_ascii_start().starts_with(b"{").then(|| decode(file).ok()).flatten()
}

/// UTF-8 or, by its byte order mark, UTF-16; a NUL means that it is no text at all.
fn decode(file: &[u8]) -> Result<String, Refusal> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    };
    let text = match file {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(file.to_vec()).ok(),
    };
    text.filter(|text| !text.contains('\0')).ok_or(Refusal::UnknownKind)
}

fn text(text: &str, separator: u8) -> Result<Sheet, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut sheet = Sheet::default();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|_| Refusal::UnknownKind)? {
        let line =
            record.position().map_or(sheet.rows.len() + 1, |position| line_of(text, position));
        bounded(line, record.len())?;
        sheet.rows.resize_with(line.saturating_sub(1).max(sheet.rows.len()), Vec::new);
        sheet.rows.push(record.iter().map(str::to_owned).collect());
    }
    if separator == b';' {
        points_for_commas(&mut sheet);
    }
    Ok(sheet)
}

/// Where the comma is the decimal point, writes a point for it. Excel parts cells with semicolons only there; a file with
/// decimal points in it was written by something else, and is left as it is.
fn points_for_commas(sheet: &mut Sheet) {
    let cells = || sheet.rows.iter().flatten();
    let has_points = cells().any(|cell| {
        parted(cell, '.').is_some_and(|(whole, fraction)| {
            fraction.len() != 3 && whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
        })
    });
    let grouped = |whole: &str| whole.split('.').skip(1).all(|group| group.len() == 3);
    let is_decimal = |cell: &str| parted(cell, ',').is_some_and(|(whole, _)| grouped(whole));
    if has_points || !cells().any(|cell| is_decimal(cell)) {
        return;
    }
    for cell in sheet.rows.iter_mut().flatten() {
        let point = if is_decimal(cell) { "." } else { "" };
        let whole = parted(&format!("{cell},0"), ',').is_some_and(|(whole, _)| grouped(whole));
        if whole || !point.is_empty() {
            *cell = cell.replace('.', "").replace(',', point);
        }
    }
}

/// The digits before the last such sign, with points or commas among them, and those after it.
fn parted(cell: &str, sign: char) -> Option<(&str, &str)> {
    let number = cell.trim().trim_start_matches('-');
    let (whole, fraction) = number.rsplit_once(sign)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let other = if sign == '.' { ',' } else { '.' };
    (whole.split(other).all(digits) && digits(fraction)).then_some((whole, fraction))
}

/// The line a record stands on. The reader skips blank lines, and its position is that of the first skipped.
fn line_of(text: &str, position: &csv::Position) -> usize {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(number(position.byte())..).unwrap_or_default();
    let skipped = rest
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|byte| **byte == b'\n')
        .count();
    number(position.line()).saturating_add(skipped)
}

fn bounded(rows: usize, columns: usize) -> Result<(), Refusal> {
    if rows > MOST_ROWS {
        return Err(Refusal::TooLarge { what: "rows", limit: MOST_ROWS });
    }
    if columns > MOST_COLUMNS {
        return Err(Refusal::TooLarge { what: "columns", limit: MOST_COLUMNS });
    }
    Ok(())
}

fn workbook(file: &[u8]) -> Result<Vec<Sheet>, Refusal> {
    check_inflated(file)?;
    let mut workbook: Xlsx<_> =
        open_workbook_from_rs(Cursor::new(file)).map_err(|_| Refusal::Damaged)?;
    let mut sheets = Vec::new();
    let (mut text_left, mut cells_left) = (MOST_TEXT_BYTES, MOST_CELLS);
    let names = workbook.sheet_names();
    if names.len() > MOST_SHEETS {
        return Err(Refusal::TooLarge { what: "sheets", limit: MOST_SHEETS });
    }
    for name in names {
        // Cell by cell: a range would allocate whatever dimensions the sheet claims.
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(|_| Refusal::Damaged)?;
        let mut sheet = Sheet { name: Some(name), rows: Vec::new() };
        while let Some(cell) = cells.next_cell().map_err(|_| Refusal::Damaged)? {
            // What no text has a use for, a database refuses.
            let text: String =
                plain(cell.get_value()).chars().filter(|letter| !letter.is_control()).collect();
            if text.is_empty() {
                continue;
            }
            let too_much = Refusal::TooLarge { what: "bytes of text", limit: MOST_TEXT_BYTES };
            text_left = text_left.checked_sub(text.len()).ok_or(too_much)?;
            let (row, column) = cell.get_position();
            cells_left = place(&mut sheet, (row as usize, column as usize), text, cells_left)?;
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}

/// Puts a cell in its place, and answers how many more may be made.
fn place(
    sheet: &mut Sheet,
    (row, column): (usize, usize),
    text: String,
    cells_left: usize,
) -> Result<usize, Refusal> {
    bounded(row.saturating_add(1), column.saturating_add(1))?;
    if sheet.rows.len() <= row {
        sheet.rows.resize_with(row + 1, Vec::new);
    }
    let cells = &mut sheet.rows[row];
    let made = (column + 1).saturating_sub(cells.len());
    let too_many = Refusal::TooLarge { what: "cells", limit: MOST_CELLS };
    let left = cells_left.checked_sub(made).ok_or(too_many)?;
    if made > 0 {
        cells.resize_with(column + 1, String::new);
    }
    cells[column] = text;
    Ok(left)
}

/// A workbook has this many elements at most, beginnings and ends counted apart: so many cells, each with its value, and
/// their rows. Reading each takes a time of its own, however few bytes it has.
const MOST_ELEMENTS: usize = 4 * MOST_CELLS;
/// The letters of a column and the digits of a row that a reference to a cell may have: XFD1048576 is the last cell.
const LONGEST_REFERENCE: (usize, usize) = (3, 7);

/// Inflates every part and looks through it before its reader does, which counts on sizes being true and on references
/// being short.
fn check_inflated(file: &[u8]) -> Result<(), Refusal> {
    let mut parts = zip::ZipArchive::new(Cursor::new(file)).map_err(|_| Refusal::Damaged)?;
    if parts.len() > MOST_PARTS {
        return Err(Refusal::TooLarge { what: "parts", limit: MOST_PARTS });
    }
    let mut left = MOST_INFLATED_BYTES as u64;
    let mut elements = 0;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|_| Refusal::Damaged)?;
        let mut part = BufReader::new(part.take(left + 1));
        look_through(&mut part, &mut elements)?;
        // What is no XML, or no longer, is inflated as well.
        std::io::copy(&mut part, &mut std::io::sink()).map_err(|_| Refusal::Damaged)?;
        let too_large = Refusal::TooLarge { what: "inflated bytes", limit: MOST_INFLATED_BYTES };
        left = part.into_inner().limit().checked_sub(1).ok_or(too_large)?;
    }
    Ok(())
}

/// Counts the elements of a part, as far as it is XML, and refuses it for a reference to a cell that is longer than any.
fn look_through(part: impl BufRead, elements: &mut usize) -> Result<(), Refusal> {
    let mut xml = quick_xml::Reader::from_reader(part);
    // As the workbook's reader reads it.
    xml.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let element = match xml.read_event_into(&mut buffer) {
            Ok(XmlEvent::Eof) | Err(_) => return Ok(()),
            Ok(XmlEvent::Text(_) | XmlEvent::GeneralRef(_)) => continue,
            Ok(XmlEvent::Start(element) | XmlEvent::Empty(element)) => Some(element),
            Ok(_) => None,
        };
        *elements += 1;
        if *elements > MOST_ELEMENTS {
            return Err(Refusal::TooLarge { what: "elements", limit: MOST_ELEMENTS });
        }
        let mut attributes = element.iter().flat_map(|element| {
            let mut attributes = element.attributes();
            attributes.with_checks(false);
            attributes.flatten()
        });
        if attributes.any(|one| matches!(one.key.0, "r" | "ref") && is_absurd(&one.value)) {
            return Err(Refusal::Damaged);
        }
    }
}

/// Whether one of the references to cells, of which a range has two, has more letters or digits than any.
fn is_absurd(references: &str) -> bool {
    references.split([':', ' ']).any(|reference| {
        let count = |is: fn(&u8) -> bool| reference.bytes().filter(is).count();
        count(u8::is_ascii_alphabetic) > LONGEST_REFERENCE.0
            || count(u8::is_ascii_digit) > LONGEST_REFERENCE.1
    })
}

/// A cell as text. Numbers keep the 15 significant digits that spreadsheets show.
fn plain(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => decimal_text(*number),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(serial) => decimal_text(serial.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// The largest whole number up to which a spreadsheet's float holds every one.
const LAST_EXACT: f64 = 9_007_199_254_740_992.0;

/// The shortest decimal of 15 significant digits: 0.1 + 0.2 is written 0.3, as the sheet shows it. A whole number is
/// written whole as long as it is one; beyond that with an exponent, which no number of ours is read from.
fn decimal_text(number: f64) -> String {
    if number.abs() > LAST_EXACT {
        return format!("{number:e}");
    }
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Result<Vec<Sheet>, Refusal> {
        super::read(file, b',')
    }

    #[test]
    fn numbers_read_as_the_sheet_shows_them() {
        assert_eq!(decimal_text(0.1 + 0.2), "0.3");
        assert_eq!(decimal_text(1_234_567.89), "1234567.89");
        assert_eq!(decimal_text(50.0), "50");
        assert_eq!(decimal_text(1_100_000_000_000_001.0), "1100000000000001", "an id of 16 digits");
        assert_eq!(
            decimal_text(12_345_678_901_234_567.0),
            "1.2345678901234568e16",
            "has lost some"
        );
    }

    #[test]
    fn text_in_utf_16_and_with_a_mark_is_read() {
        let wide: Vec<u8> = "a,₹\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&[&[0xff, 0xfe], &wide[..]].concat()).unwrap()[0].rows, [["a", "₹"]]);
        assert_eq!(read(b"\xef\xbb\xbfa,b\n").unwrap()[0].rows, [["a", "b"]]);
    }

    #[test]
    fn rows_keep_their_numbers_over_blank_lines() {
        let sheet = read(b"a\n\n\nb\n").unwrap().remove(0);
        assert_eq!(sheet.rows[3], ["b"]);
    }

    #[test]
    fn what_is_no_text_and_no_workbook_is_refused() {
        assert_eq!(read(b"").unwrap_err(), Refusal::Empty);
        assert_eq!(read(b" \n").unwrap_err(), Refusal::Empty);
        assert_eq!(read(b"\x89PNG\r\n\x1a\n\0").unwrap_err(), Refusal::UnknownKind);
        assert_eq!(read(b"\xd0\xcf\x11\xe0rest").unwrap_err(), Refusal::OldOrLocked);
        assert_eq!(read(b"PK\x03\x04rest").unwrap_err(), Refusal::Damaged);
    }

    #[test]
    fn more_rows_or_columns_than_a_statement_has_are_refused() {
        let wide = ",".repeat(MOST_COLUMNS);
        assert_eq!(
            read(wide.as_bytes()).unwrap_err(),
            Refusal::TooLarge { what: "columns", limit: MOST_COLUMNS }
        );
        let long = "a\n".repeat(MOST_ROWS + 1);
        assert_eq!(
            read(long.as_bytes()).unwrap_err(),
            Refusal::TooLarge { what: "rows", limit: MOST_ROWS }
        );
    }

    fn workbook_of(sheet: &[u8]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut parts = zip::ZipWriter::new(&mut file);
        let named = zip::write::SimpleFileOptions::default();
        parts.start_file("xl/worksheets/sheet1.xml", named).unwrap();
        std::io::Write::write_all(&mut parts, sheet).unwrap();
        parts.finish().unwrap();
        file.into_inner()
    }

    #[test]
    fn a_workbook_of_more_elements_than_cells_can_have_is_refused_before_it_is_read() {
        let file = workbook_of(&b"<c/>".repeat(MOST_ELEMENTS + 1));
        assert!(file.len() < 256 * 1024, "{} bytes", file.len());
        let refusal = Refusal::TooLarge { what: "elements", limit: MOST_ELEMENTS };
        assert_eq!(read(&file).unwrap_err(), refusal);
    }

    #[test]
    fn a_comma_between_semicolons_is_a_decimal_point_unless_the_file_has_points() {
        let row = |cells: &str, separator| text(cells, separator).unwrap().rows[0].join(" ");
        assert_eq!(
            row("10,123;2.500,50;1.000;20.11.2026;a, b", b';'),
            "10.123 2500.50 1000 20.11.2026 a, b"
        );
        assert_eq!(row("10,123;12.50", b';'), "10,123 12.50");
        assert_eq!(row("2.500;-1", b';'), "2.500 -1");
        assert_eq!(row("\"10,123\",5", b','), "10,123 5");
    }

    #[test]
    fn a_reference_longer_than_any_is_refused_before_it_is_read() {
        for reference in ["AAAAAAAAAAAAAAAAAAAA1", "ABCD1", "A12345678", "A1:ABCDE2"] {
            for attribute in [" r=", "\tr=", " x='>' r = ", " ref=", "\nref =\n"] {
                let file = workbook_of(format!("<c{attribute}\"{reference}\"/>").as_bytes());
                let refusal = check_inflated(&file).unwrap_err();
                assert_eq!(refusal, Refusal::Damaged, "{attribute} {reference}");
            }
        }
        let good =
            br#"<dimension ref="A1:$XFD$1048576"/><c r='AB12'/><t>a r="PROJECT12345678"</t>"#;
        assert_eq!(check_inflated(&workbook_of(good)), Ok(()));
    }

    #[test]
    fn a_workbook_that_inflates_without_end_is_refused() {
        let mut file = Cursor::new(Vec::new());
        let mut parts = zip::ZipWriter::new(&mut file);
        parts
            .start_file("xl/worksheets/sheet1.xml", zip::write::SimpleFileOptions::default())
            .unwrap();
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..=MOST_INFLATED_BYTES / zeros.len() {
            std::io::Write::write_all(&mut parts, &zeros).unwrap();
        }
        parts.finish().unwrap();
        let refusal = read(&file.into_inner()).unwrap_err();
        assert_eq!(
            refusal,
            Refusal::TooLarge { what: "inflated bytes", limit: MOST_INFLATED_BYTES }
        );
    }
}
