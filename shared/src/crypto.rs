//! Randomness and hashes, each from one place.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::{Problem, Secret};

/// Random bytes that nobody guesses.
pub fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)
        .map_err(|_| Problem::internal(std::io::Error::other("no randomness")))?;
    Ok(bytes)
}

/// 256 random bits, base64url.
pub fn random_text() -> Result<Secret, Problem> {
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// SHA-256: of a file to know it again, or as what is kept of a secret with randomness enough of its own.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// What is kept of a code that was mailed. With what it is for in it, equal codes have unequal hashes.
pub fn code_sha256(of: Uuid, code: &str) -> Vec<u8> {
    sha256(&[of.as_bytes(), code.as_bytes()].concat())
}
