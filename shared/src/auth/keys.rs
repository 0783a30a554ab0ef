//! The public keys that tokens are checked with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

use crate::{Db, Problem};

/// An unknown key id makes us look again at most this often.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// A known key is taken for good no longer than this: it may have been retired because it leaked.
const TRUSTED_FOR: Duration = Duration::from_secs(300);

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
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    looked: Option<Instant>,
}

impl KeyRing {
    /// Reads the published keys ahead of the first request; a failure is left for that request.
    pub async fn warm(&self, db: &Db) {
        if let Err(problem) = self.look(db).await {
            tracing::warn!(
                cause = problem.cause().map(tracing::field::debug),
                "signing keys could not be read"
            );
        }
    }

    /// The key of this id; `None` when no such key is published.
    pub async fn find(&self, db: &Db, kid: &str) -> Result<Option<DecodingKey>, Problem> {
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let looked_within = |age| known.looked.is_some_and(|at| at.elapsed() < age);
            match known.keys.get(kid) {
                Some(key) if looked_within(TRUSTED_FOR) => return Ok(Some(key.clone())),
                None if looked_within(LOOK_AGAIN_AFTER) => return Ok(None),
                _ => {}
            }
        }
        self.look(db).await?;
        Ok(self.known.lock().unwrap_or_else(PoisonError::into_inner).keys.get(kid).cloned())
    }

    async fn look(&self, db: &Db) -> Result<(), Problem> {
        let published = PublicKey::all(db).await?;
        let mut keys = HashMap::new();
        for key in published {
            let decoding =
                DecodingKey::from_ec_components(&key.x, &key.y).map_err(Problem::internal)?;
            keys.insert(key.kid, decoding);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Known { keys, looked: Some(Instant::now()) };
        Ok(())
    }
}
