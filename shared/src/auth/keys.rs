//! The public keys that tokens are checked with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

use super::Claims;
use crate::{Db, Problem};

/// An unknown key id makes us look again at most this often.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// A known key is taken for good no longer than this: it may have been retired because it leaked.
const TRUSTED_FOR: Duration = Duration::from_secs(300);

/// Tokens whose signature was right are remembered, so many of them.
const MOST_CHECKED: usize = 256;

/// A public signing key as `auth.signing_keys` has it: a point on P-256, base64url.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKey {
    /// The id tokens name it by.
    pub kid: String,
    /// The point's first coordinate.
    pub x: String,
    /// The point's second coordinate.
    pub y: String,
}

impl PublicKey {
    /// All published keys, newest first.
    pub async fn all(db: &Db) -> Result<Vec<Self>, Problem> {
        let rows = db
            .query("select kid, x, y from auth.signing_keys where retired_at is null order by created_at desc", [])
            .await?;
        Ok(rows
            .iter()
            .map(|row| Self { kid: row.get("kid"), x: row.get("x"), y: row.get("y") })
            .collect())
    }
}

/// The keys a process knows, read again when a token names an unknown one.
#[derive(Default)]
pub struct KeyRing {
    known: Mutex<CheckedKeys>,
    /// Whoever reads the keys holds it, and others wait for what comes of that.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct CheckedKeys {
    keys: HashMap<String, DecodingKey>,
    looked: Option<Instant>,
    /// What tokens say whose signature was right, by their hash: forgotten when the keys are read again.
    checked: HashMap<Vec<u8>, Claims>,
}

impl KeyRing {
    /// What a token says that was checked with the keys as they are known now.
    pub(super) fn checked(&self, token_sha256: &[u8]) -> Option<Claims> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.looked.filter(|at| at.elapsed() < TRUSTED_FOR)?;
        known.checked.get(token_sha256).cloned()
    }

    /// Remembers a token that was checked with the key of this id, unless that key was retired meanwhile.
    pub(super) fn remember(&self, kid: &str, token_sha256: Vec<u8>, claims: &Claims) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.keys.contains_key(kid) {
            return;
        }
        if known.checked.len() >= MOST_CHECKED {
            known.checked.clear();
        }
        known.checked.insert(token_sha256, claims.clone());
    }

    /// Reads the published keys ahead of the first request, which waits for them; a failure is left for that request.
    pub async fn warm(&self, db: &Db) {
        let _looking = self.looking.lock().await;
        if let Err(problem) = self.look(db).await {
            let cause = problem.cause().map(tracing::field::debug);
            tracing::warn!(cause, "signing keys could not be read ahead");
        }
    }

    /// The key of this id; `None` when no such key is published.
    pub async fn find(&self, db: &Db, kid: &str) -> Result<Option<DecodingKey>, Problem> {
        if let Some(found) = self.known(kid) {
            return Ok(found);
        }
        let _looking = self.looking.lock().await;
        // Whoever was looking may have found it.
        if let Some(found) = self.known(kid) {
            return Ok(found);
        }
        self.look(db).await?;
        Ok(self.known.lock().unwrap_or_else(PoisonError::into_inner).keys.get(kid).cloned())
    }

    /// The key of this id, or that there is none; `None` where what is known is too old to say.
    fn known(&self, kid: &str) -> Option<Option<DecodingKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = known.keys.get(kid).cloned();
        let trusted_for = if key.is_some() { TRUSTED_FOR } else { LOOK_AGAIN_AFTER };
        known.looked.filter(|at| at.elapsed() < trusted_for).map(|_| key)
    }

    async fn look(&self, db: &Db) -> Result<(), Problem> {
        // From before they were asked for: the answer can be older than the moment it is read in.
        let looked = Instant::now();
        let published = PublicKey::all(db).await?;
        let mut keys = HashMap::new();
        for key in published {
            let decoding =
                DecodingKey::from_ec_components(&key.x, &key.y).map_err(Problem::internal)?;
            keys.insert(key.kid, decoding);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = CheckedKeys { keys, looked: Some(looked), checked: HashMap::new() };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Session;
    use uuid::Uuid;

    #[test]
    fn a_checked_token_is_remembered_as_long_as_its_key_is() {
        let ring = KeyRing::default();
        let session =
            Session { user_id: Uuid::nil(), session_id: Uuid::nil(), workspace_id: Uuid::nil() };
        let claims = Claims::issue("issuer", session, crate::Timestamp::UNIX_EPOCH);
        ring.remember("retired", vec![1], &claims);
        assert_eq!(ring.checked(&[1]), None, "its key is not known");
        let keys = HashMap::from([("key".to_owned(), DecodingKey::from_secret(b""))]);
        let looked = Some(Instant::now());
        *ring.known.lock().unwrap() = CheckedKeys { keys, looked, ..CheckedKeys::default() };
        ring.remember("key", vec![1], &claims);
        assert_eq!(ring.checked(&[1]), Some(claims.clone()));
        assert_eq!(ring.checked(&[2]), None);
        ring.known.lock().unwrap().looked = Instant::now().checked_sub(TRUSTED_FOR);
        assert_eq!(ring.checked(&[1]), None, "the keys are to be read again");
        ring.known.lock().unwrap().looked = looked;
        for token in 0..=MOST_CHECKED {
            ring.remember("key", token.to_string().into_bytes(), &claims);
        }
        assert!(ring.known.lock().unwrap().checked.len() <= MOST_CHECKED);
    }
}
