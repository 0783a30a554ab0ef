//! Brokers' files, in every layout: whatever the bytes are, reading ends, what is kept is in bounds, and the ledger takes
//! all of it.
#![no_main]

use jiff::civil::date;
use ledger::columns::{act, columns};
use ledger::{Event, Ledger, Place};
use libfuzzer_sys::fuzz_target;
use statements::{Statement, read_parts};

fuzz_target!(|file: &[u8]| {
    // Any name, and one that says whose the file is.
    let name = String::from_utf8_lossy(file.get(..60).unwrap_or(file));
    for name in [&name, "tradebook-AB1234-EQ.csv"] {
        read_parts(file, Some(name)).unwrap_or_default().iter().for_each(check);
    }
});

fn check(statement: &Statement) {
    assert!(statement.client_id.as_ref().is_none_or(|id| id.chars().count() <= 40));
    for row in &statement.rows {
        assert!(row.owned() >= 0.into() && row.name.chars().count() <= 200);
    }
    let mut events = Vec::new();
    for (number, entry) in (1u128..).zip(&statement.entries) {
        assert!(act(&columns(&entry.act)).is_ok(), "what is kept is stored, and read again");
        assert!(entry.on >= date(1990, 1, 1) && entry.key.len() <= 500);
        let Some(isin) = entry.isin else { continue };
        let id = uuid(number);
        let folio = entry.folio.as_deref().map(Into::into);
        let place = Place { account: uuid(0), isin, folio };
        let reference = entry.key.as_str().into();
        events.push(Event { id, place, on: entry.on, at: entry.at, reference, act: entry.act });
    }
    let forwards = Ledger::new(&events, &[]);
    events.reverse();
    assert_eq!(forwards, Ledger::new(&events, &[]), "in whatever order");
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}
