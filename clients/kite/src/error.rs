//! What Kite says when it does not do what was asked.

use http::StatusCode;
use serde::Deserialize;
use shared::Problem;
use vendor::{Answer, HttpError};

/// Why a call to Kite came to nothing, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum KiteError {
    /// The session or the request token is not good (any more): the person signs in again.
    #[error("Kite refuses the token: {0}")]
    Token(String),
    /// The app may not do this; signing in again changes nothing.
    #[error("Kite does not permit the app to do this: {0}")]
    Permission(String),
    /// The request was not as Kite wants it: a mistake of ours, or an app whose secret is another.
    #[error("Kite refuses the request: {0}")]
    Input(String),
    /// Too many requests by this app.
    #[error("Kite's limit for the app is used up")]
    Busy {
        /// When to try again.
        retry_after_s: i64,
    },
    /// Kite, or what stands before it, says that it is down.
    #[error("Kite is down: {0}")]
    Unavailable(StatusCode),
    /// It was down so often in the last half minute that it was not asked.
    #[error("Kite has been failing and was not asked")]
    Down {
        /// When to try again.
        retry_after_s: i64,
    },
    /// No answer came.
    #[error("Kite did not answer")]
    NoAnswer(#[source] HttpError),
    /// The answer is not the JSON that it should be.
    #[error("Kite's answer cannot be read")]
    Unreadable,
    /// Something of ours is missing or down.
    #[error("asking Kite failed on our side")]
    Ours(#[source] Problem),
}

impl KiteError {
    /// Whether it is Kite that failed, and not what was asked of it.
    pub fn is_kites_failure(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NoAnswer(_) | Self::Unreadable)
    }

    /// When it is worth trying again, where waiting helps.
    pub fn retry_after_s(&self) -> Option<i64> {
        match self {
            Self::Busy { retry_after_s } | Self::Down { retry_after_s } => Some(*retry_after_s),
            Self::Unavailable(_) | Self::NoAnswer(_) | Self::Unreadable => Some(30),
            Self::Token(_) | Self::Permission(_) | Self::Input(_) | Self::Ours(_) => None,
        }
    }
}

/// An error as Kite words it.
#[derive(Deserialize)]
struct Worded {
    #[serde(default)]
    message: String,
    error_type: String,
}

/// The body of a good answer; the word of an error counts before its status, and the status where there is no JSON.
pub(crate) fn read(answer: &Answer) -> Result<&[u8], KiteError> {
    // An error may come with status 200.
    if let Ok(Worded { message, error_type }) = serde_json::from_slice(&answer.body) {
        let message = spoken(&message);
        return Err(match error_type.as_str() {
            "TokenException" if message.contains("checksum") => KiteError::Input(message),
            "TokenException" | "TwoFAException" => KiteError::Token(message),
            "PermissionException" => KiteError::Permission(message),
            "NetworkException" if answer.status == StatusCode::TOO_MANY_REQUESTS => {
                KiteError::Busy { retry_after_s: 1 }
            }
            "NetworkException" | "DataException" | "GeneralException" => {
                KiteError::Unavailable(answer.status)
            }
            _ => by_status(answer.status, message),
        });
    }
    let refused = matches!(answer.status.as_u16(), 401 | 403);
    if answer.status.is_success() {
        Ok(&answer.body)
    } else if refused && answer.body.trim_ascii_start().starts_with(b"<") {
        // Not Kite but what stands before it: signing in again would change nothing.
        Err(KiteError::Unavailable(answer.status))
    } else {
        Err(by_status(answer.status, String::new()))
    }
}

fn by_status(status: StatusCode, message: String) -> KiteError {
    match status.as_u16() {
        401 | 403 => KiteError::Token(message),
        429 => KiteError::Busy { retry_after_s: 1 },
        500..=599 => KiteError::Unavailable(status),
        _ => KiteError::Input(message),
    }
}

/// What Kite says, as far as it is safe in a log: on one line and not long.
fn spoken(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, body: &str) -> &'static str {
        let status = StatusCode::from_u16(status).unwrap();
        match read(&Answer { status, body: body.to_owned().into(), retry_after: None }) {
            Ok(_) => "ok",
            Err(KiteError::Token(_)) => "token",
            Err(KiteError::Permission(_)) => "permission",
            Err(KiteError::Input(_)) => "input",
            Err(KiteError::Busy { .. }) => "busy",
            Err(KiteError::Unavailable(_)) => "unavailable",
            Err(_) => "other",
        }
    }

    #[test]
    fn the_word_of_an_error_counts_before_its_status() {
        let worded = |kind: &str, message: &str| {
            format!(
                r#"{{"status":"error","message":"{message}","error_type":"{kind}","data":null}}"#
            )
        };
        for (status, body, is) in [
            (200, r#"{"status":"success","data":true}"#.to_owned(), "ok"),
            (403, worded("TokenException", "Incorrect `api_key` or `access_token`."), "token"),
            (403, worded("TokenException", "Invalid `checksum`."), "input"),
            (
                403,
                worded("PermissionException", "Insufficient permission for that call."),
                "permission",
            ),
            (200, worded("TokenException", "Token is invalid or has expired."), "token"),
            (400, worded("InputException", "Missing `request_token`."), "input"),
            (429, worded("NetworkException", "Too many requests"), "busy"),
            (503, worded("NetworkException", "down"), "unavailable"),
            (502, worded("DataException", "no answer of the OMS"), "unavailable"),
            (500, worded("GeneralException", "Something went wrong"), "unavailable"),
            (403, worded("SomethingNew", "x"), "token"),
            (429, "<html>slow down</html>".into(), "busy"),
            (403, "<html>Cloudflare</html>".into(), "unavailable"),
            (503, "<html>maintenance</html>".into(), "unavailable"),
            (400, "<html>URI too long</html>".into(), "input"),
            (504, String::new(), "unavailable"),
        ] {
            assert_eq!(kind(status, &body), is, "{status} {body}");
        }
    }
}
