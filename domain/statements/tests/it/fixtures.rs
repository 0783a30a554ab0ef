//! A file of every layout, and what is read from it.
//!
//! `fixtures/<layout>/` has a file as the broker gives it, of invented figures, and `reading.txt`. Where that is missing it
//! is written, to be looked at like code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ledger::columns::columns;
use rust_decimal::Decimal;
use statements::{Entry, Row, RowError, Statement, known_layouts, read_parts};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_layout_has_a_file_and_what_is_read_from_it() {
    let layouts: BTreeSet<String> =
        known_layouts().iter().map(|known| known.layout.to_owned()).collect();
    assert_eq!(names(&fixtures()), layouts, "a folder for each layout");
    for layout in layouts {
        let folder = fixtures().join(&layout);
        let files: Vec<_> =
            names(&folder).into_iter().filter(|name| name != "reading.txt").collect();
        let [name] = files.as_slice() else { panic!("{layout}: {files:?}") };
        let parts = read_parts(&std::fs::read(folder.join(name)).unwrap(), Some(name)).unwrap();
        let told: String = parts.iter().map(written).collect();
        assert!(parts.iter().all(|part| part.layout == layout), "{layout}: {told}");
        let reading = folder.join("reading.txt");
        let Ok(expected) = std::fs::read_to_string(&reading) else {
            std::fs::write(&reading, &told).unwrap();
            panic!("{} is new; look whether it is right", reading.display());
        };
        assert_eq!(told, expected, "{layout}");
    }
}

/// A statement, a line for each thing it says.
fn written(read: &Statement) -> String {
    let exits = read.exits.rows.iter().map(|exit| {
        let (section, days) =
            (format!("{:?}", exit.section), format!("{} to {}", exit.acquired_on, exit.sold_on));
        let amounts = parts(&[exit.quantity, exit.cost, exit.consideration]);
        line(&[
            "exit",
            &section,
            exit.isin.as_str(),
            &days,
            &amounts,
            &number("taxable", exit.taxable),
        ])
    });
    let folios = read.folios.iter().map(|units| {
        let (folio, on) = (units.folio.as_deref().unwrap_or("no folio"), units.on.to_string());
        let amounts = (parts(&[units.units]), number("cost", units.cost));
        line(&["units", units.isin.as_str(), folio, &on, &amounts.0, &amounts.1])
    });
    let fault = |kind, fault: &RowError| {
        line(&[kind, &fault.place.row.to_string(), &fault.column, &fault.reason])
    };
    let warnings = read.warnings.iter().map(|warning| fault("warning", warning));
    let errors = read.errors.iter().map(|error| fault("error", error));
    std::iter::once(heading(read))
        .chain(read.rows.iter().map(holding))
        .chain(read.entries.iter().map(|entry| line(&["event", &event(entry), &entry.key])))
        .chain(exits)
        .chain(folios)
        .chain(warnings)
        .chain(errors)
        .collect()
}

/// The words that are not blank.
fn line(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    format!("{}\n", words.join(" · "))
}

fn parts(numbers: &[Decimal]) -> String {
    let parts: Vec<_> = numbers.iter().map(|part| part.normalize().to_string()).collect();
    parts.join("/")
}

fn word(flag: bool, word: &'static str) -> &'static str {
    if flag { word } else { "" }
}

fn heading(read: &Statement) -> String {
    let (broker, client) =
        (read.broker.unwrap_or("any broker"), read.client_id.as_deref().unwrap_or("any client"));
    let as_of = read.as_of.map_or("undated".to_owned(), |day| day.to_string());
    let covers: Vec<_> = read.covers.iter().map(|segment| segment.name()).collect();
    let (covers, part) = (covers.join("+"), format!("{:?}", read.part));
    line(&[
        read.layout,
        broker,
        client,
        &as_of,
        &covers,
        word(read.unverified, "unverified"),
        &part,
    ])
}

fn holding(row: &Row) -> String {
    let isin = row.isin.map_or("no ISIN".to_owned(), |isin| isin.to_string());
    let of = |text: &Option<String>| text.clone().unwrap_or_default();
    let owned = parts(&[row.available, row.t1, row.pledged, row.discrepant]);
    line(&[
        "holding",
        row.segment.name(),
        &isin,
        &of(&row.symbol),
        &row.name,
        &owned,
        &number("cost", row.cost),
        &of(&row.folio),
        &of(&row.sector),
        word(!row.parts_known, "parts unknown"),
    ])
}

fn event(entry: &Entry) -> String {
    let told = columns(&entry.act).normalised();
    let isin = entry.isin.map_or("no ISIN".to_owned(), |isin| isin.to_string());
    let at = entry.at.map(|at| at.to_string()).unwrap_or_default();
    let terms = serde_json::to_string(&told.terms).unwrap();
    let words = [
        told.kind.clone(),
        format!("{} {at}", entry.on).trim().to_owned(),
        isin,
        entry.symbol.clone().unwrap_or_default(),
        entry.name.clone(),
        entry.folio.clone().unwrap_or_default(),
        format!("{:?}", entry.market),
        [told.venue.clone(), entry.exchange.clone(), entry.series.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("/"),
        number("quantity", told.quantity),
        number("amount", told.amount),
        number("charges", told.charges),
        number("stt", told.stt),
        if terms == "{}" { String::new() } else { terms },
        entry.reference.clone(),
    ];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn number(name: &str, number: Option<Decimal>) -> String {
    number.map(|number| format!("{name} {}", number.normalize())).unwrap_or_default()
}
