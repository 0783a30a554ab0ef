//! Secrets at rest: AES-256-GCM with a random nonce before the ciphertext (NIST SP 800-38D).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::Problem;

/// A key that seals and opens.
pub struct SealingKey(RandomizedNonceKey);

/// The length of a key, as HKDF asks for it.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl SealingKey {
    /// A key of 256 bits.
    pub fn new(key: &[u8]) -> Result<Self, Problem> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        key.map(Self).map_err(|_| internal("a sealing key has 32 bytes"))
    }

    /// A key that only who knows the secret can derive, for this purpose alone (HKDF, RFC 5869). The secret has
    /// randomness enough of its own: a password has not.
    pub fn derive(secret: &[u8], purpose: &[u8]) -> Result<Self, Problem> {
        let mut key = [0; 32];
        Salt::new(HKDF_SHA256, &[])
            .extract(secret)
            .expand(&[purpose], Length)
            .and_then(|okm| okm.fill(&mut key))
            .map_err(|_| internal("no key could be derived"))?;
        Self::new(&key)
    }

    /// Seals; who opens it must name the same surroundings.
    pub fn seal(&self, surroundings: &[u8], plain: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut text = plain.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(surroundings), &mut text);
        let nonce = nonce.map_err(|_| internal("it could not be sealed"))?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// Opens; `None` when the key or the surroundings are others, or a bit was changed.
    pub fn open(&self, surroundings: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(surroundings), &mut text).ok()?;
        Some(plain.to_vec())
    }
}

fn internal(what: &'static str) -> Problem {
    Problem::internal(anyhow::anyhow!(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_surroundings_open_it_and_only_whole() {
        let key = SealingKey::derive(b"a secret of much randomness", b"test").unwrap();
        let sealed = key.seal(b"workspace", b"token").unwrap();
        assert_eq!(key.open(b"workspace", &sealed).as_deref(), Some(b"token".as_slice()));
        assert_eq!(key.open(b"another", &sealed), None);
        let other = SealingKey::derive(b"a secret of much randomness", b"other").unwrap();
        assert_eq!(other.open(b"workspace", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"workspace", &changed), None, "byte {at}");
            assert_eq!(key.open(b"workspace", &sealed[..at]), None, "cut at {at}");
        }
        assert_ne!(sealed, key.seal(b"workspace", b"token").unwrap(), "a nonce serves once");
    }
}
