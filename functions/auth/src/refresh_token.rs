//! Refresh tokens: random, kept as a hash, each good for one use and one successor.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use shared::crypto::{random_text, sha256};
use shared::request::{Reader, text};
use shared::seal::SealingKey;
use shared::{Problem, Secret};

/// What every refresh token begins with, so that people and scanners know what they found.
const PREFIX: &str = "kmr_";
/// What a successor's key is derived for.
const PURPOSE: &[u8] = b"kitemate refresh successor";

/// A refresh token of 256 random bits.
pub(crate) struct RefreshToken(Secret);

impl RefreshToken {
    pub(crate) fn make() -> Result<Self, Problem> {
        Ok(Self(Secret::new(format!("{PREFIX}{}", random_text()?.expose()))))
    }

    fn read(text: &str) -> Result<Self, String> {
        let bytes =
            text.strip_prefix(PREFIX).and_then(|rest| BASE64_URL_SAFE_NO_PAD.decode(rest).ok());
        match bytes {
            Some(bytes) if bytes.len() == 32 => Ok(Self(Secret::new(text))),
            _ => Err("must be a refreshToken as it was answered".into()),
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn sha256(&self) -> Vec<u8> {
        sha256(self.text().as_bytes())
    }

    /// Seals its successor, so that only who holds this token can read it again.
    pub(crate) fn seal(&self, successor: &Self) -> Result<Vec<u8>, Problem> {
        let key = SealingKey::derive(self.text().as_bytes(), PURPOSE)?;
        key.seal(&self.sha256(), successor.text().as_bytes())
    }

    /// The successor that was sealed under this token.
    pub(crate) fn open(&self, sealed: &[u8]) -> Result<Self, Problem> {
        let key = SealingKey::derive(self.text().as_bytes(), PURPOSE)?;
        key.open(&self.sha256(), sealed)
            .and_then(|text| String::from_utf8(text).ok())
            .and_then(|text| Self::read(&text).ok())
            .ok_or_else(|| Problem::internal(anyhow::anyhow!("a successor does not open")))
    }
}

/// A refresh token as it was answered.
pub(crate) fn token() -> impl Reader<Value = RefreshToken> {
    text(RefreshToken::read, || json!({ "pattern": "^kmr_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_opened_by_its_predecessor_alone() {
        let (first, second) = (RefreshToken::make().unwrap(), RefreshToken::make().unwrap());
        let sealed = first.seal(&second).unwrap();
        assert_eq!(first.open(&sealed).unwrap().text(), second.text());
        assert!(second.open(&sealed).is_err());
    }

    #[test]
    fn what_is_no_refresh_token_is_refused_unread() {
        for text in ["", "kmr_", "kmr_abc", "eyJhbGciOiJFUzI1NiJ9.e30.x"] {
            assert!(RefreshToken::read(text).is_err(), "{text}");
        }
    }
}
