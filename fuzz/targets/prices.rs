//! Files of prices, net asset values and corporate actions, as text or zipped.
#![no_main]

use jiff::civil::date;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let _ = transactions::prices_load::rows(file.to_vec(), date(2026, 11, 20));
});
