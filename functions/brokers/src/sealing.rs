//! The keys that broker tokens are sealed with, and what a Zerodha account is known by without its id.
//!
//! The secret in `SEALING_KEY_SECRET` is `{"current": "1", "1": "…"}`: long random texts by their ids. Another key is
//! added beside the ones before, then named as current; key `1` stays, because accounts are known by it.

use std::collections::HashMap;

use aws_lc_rs::hmac;
use serde::Deserialize;
use shared::seal::SealingKey;
use shared::{App, Problem, Secret};
use uuid::Uuid;

/// What a key is derived for.
const TOKENS: &[u8] = b"kitemate broker tokens";
const ACCOUNTS: &[u8] = b"kitemate zerodha accounts";
/// The key that accounts are known by.
const FIRST: &str = "1";

/// The keys of the secret.
#[derive(Deserialize)]
pub struct SealingKeys {
    current: String,
    #[serde(flatten)]
    texts: HashMap<String, Secret>,
}

/// Whose token it is; sealed for one, it opens for no other.
#[derive(Clone, Copy)]
pub struct Place {
    /// The workspace it is used in.
    pub workspace: Uuid,
    /// Who signed in.
    pub user: Uuid,
    /// The connection it belongs to.
    pub connection: Uuid,
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        [self.workspace, self.user, self.connection].iter().flat_map(|id| *id.as_bytes()).collect()
    }
}

impl SealingKeys {
    /// Reads the secret.
    pub async fn read(app: &App) -> Result<Self, Problem> {
        let secret = app.secrets().get(app.config().need("SEALING_KEY_SECRET")?).await?;
        // The parser's message could quote a key.
        serde_json::from_str(secret.expose()).map_err(|_| {
            Problem::internal(anyhow::anyhow!("the sealing key secret is not as its template"))
        })
    }

    /// The id of the key that seals.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Seals a token under the current key.
    pub fn seal(&self, place: Place, token: &Secret) -> Result<Vec<u8>, Problem> {
        self.key(&self.current, TOKENS)?.seal(&place.bytes(), token.expose().as_bytes())
    }

    /// Opens a token that was sealed under the key of this id.
    pub(crate) fn open(&self, place: Place, id: &str, sealed: &[u8]) -> Result<Secret, Problem> {
        let opened = self.key(id, TOKENS)?.open(&place.bytes(), sealed);
        let token = opened.and_then(|token| String::from_utf8(token).ok()).map(Secret::new);
        token.ok_or_else(|| Problem::internal(anyhow::anyhow!("a token does not open")))
    }

    /// What a Zerodha account is known by: the same for the same account, and nobody reads the id out of it.
    pub(crate) fn account(&self, kite_user_id: &str) -> Result<Vec<u8>, Problem> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.text(FIRST)?.expose().as_bytes());
        let text = [ACCOUNTS, b"\0", kite_user_id.as_bytes()].concat();
        Ok(hmac::sign(&key, &text).as_ref().to_vec())
    }

    fn key(&self, id: &str, purpose: &[u8]) -> Result<SealingKey, Problem> {
        SealingKey::derive(self.text(id)?.expose().as_bytes(), purpose)
    }

    fn text(&self, id: &str) -> Result<&Secret, Problem> {
        let text = self.texts.get(id).filter(|text| text.expose().len() >= 32);
        text.ok_or_else(|| {
            Problem::internal(anyhow::anyhow!(
                "the sealing key secret lacks a key of 32 letters or more"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(current: &str) -> SealingKeys {
        let long = |letter: &str| Secret::new(letter.repeat(64));
        let texts = HashMap::from([("1".to_owned(), long("a")), ("2".to_owned(), long("b"))]);
        SealingKeys { current: current.into(), texts }
    }

    #[test]
    fn a_token_opens_for_whom_it_was_sealed_and_under_its_own_key() {
        let (user, other) = (Uuid::now_v7(), Uuid::now_v7());
        let place = Place { workspace: Uuid::now_v7(), user, connection: Uuid::now_v7() };
        let sealed = keys("1").seal(place, &Secret::new("token")).unwrap();
        assert_eq!(keys("2").open(place, "1", &sealed).unwrap().expose(), "token");
        assert!(keys("1").open(place, "2", &sealed).is_err());
        assert!(keys("1").open(Place { user: other, ..place }, "1", &sealed).is_err());
        assert!(keys("1").open(place, "3", &sealed).is_err());
    }

    #[test]
    fn an_account_is_known_by_the_same_whatever_key_seals() {
        assert_eq!(keys("1").account("AB1234").unwrap(), keys("2").account("AB1234").unwrap());
        assert_ne!(keys("1").account("AB1234").unwrap(), keys("1").account("AB1235").unwrap());
    }
}
