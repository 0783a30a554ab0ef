//! Codes that were mailed, as people type them.

use serde_json::json;
use shared::request::{Reader, text};

/// A code of eight digits as people type it, with spaces.
pub(crate) fn mailed_code() -> impl Reader<Value = String> {
    text(
        |text| {
            let code: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
            let good = code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit());
            if good { Ok(code) } else { Err("must be the 8 digits of the mail".into()) }
        },
        || json!({ "pattern": r"^\s*([0-9]\s*){8}$" }),
    )
}
