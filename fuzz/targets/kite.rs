//! What Kite answers: an object with the four answers an account is read from.
#![no_main]

use jiff::civil::date;
use kite::Account;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|json: &[u8]| {
    let Ok(mut told) = serde_json::from_slice::<Value>(json) else { return };
    let mut part = |name: &str| told.get_mut(name).map_or_else(|| Value::Array(Vec::new()), Value::take);
    let (holdings, positions) = (part("holdings"), part("positions"));
    let (fills, funds) = (part("trades"), part("funds"));
    let (Ok(holdings), Ok(positions), Ok(fills), Ok(funds)) = (
        serde_json::from_value(holdings),
        serde_json::from_value(positions),
        serde_json::from_value(fills),
        serde_json::from_value(funds),
    ) else {
        return;
    };
    let account = Account::of(holdings, positions, fills, funds);
    brokers::sync_account::rows(&account, date(2026, 11, 20));
});
