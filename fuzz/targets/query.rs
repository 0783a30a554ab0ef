//! Queries in the portfolio query language.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_query::{Query, describe};
use serde_json::Value;

fuzz_target!(|json: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(json) else { return };
    if let Ok(query) = Query::read(&value) {
        assert_eq!(Query::read(&query.to_json()), Ok(query.clone()));
        assert!(!describe(&query).is_empty());
        let _ = query.time.map(|time| time.days(jiff::civil::date(2026, 11, 30)));
    }
});
