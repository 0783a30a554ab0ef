//! Codes that were mailed, as people type them.

/// Reads a code as people type it, with spaces.
pub(crate) fn read_code(text: &str) -> Result<String, String> {
    let code: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let good = code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit());
    if good { Ok(code) } else { Err("must be the 8 digits of the mail".into()) }
}
