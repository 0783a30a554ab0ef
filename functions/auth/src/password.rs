//! Passwords: what is taken, and how it is kept.

use std::io::Error;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use serde_json::json;
use shared::crypto::random;
use shared::request::{Reader, text};
use shared::{Problem, Secret};

/// Argon2id with 19 MiB, two passes, one lane: the OWASP password storage recommendation.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Fewest characters: NIST SP 800-63B asks for 8, attackers for more.
const SHORTEST: usize = 10;
/// Most characters: hashing costs the same for all, reading them does not.
const LONGEST: usize = 200;

/// A password to be.
pub(crate) fn reader() -> impl Reader<Value = Secret> {
    text(read, || json!({ "minLength": SHORTEST, "maxLength": LONGEST }))
}

fn read(text: &str) -> Result<Secret, String> {
    match text.chars().count() {
        SHORTEST..=LONGEST => Ok(Secret::new(text)),
        _ => Err(format!("must have {SHORTEST} to {LONGEST} characters")),
    }
}

/// The hash to keep, in PHC form with its parameters and salt.
pub(crate) fn hash(password: &Secret) -> Result<String, Problem> {
    let salt = random::<16>()?;
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|_| Problem::internal(Error::other("argon2 failed")))?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed. With no hash it works as long and says no.
pub(crate) fn matches(password: &Secret, hash: Option<&str>) -> bool {
    static NOBODYS: LazyLock<Option<String>> =
        LazyLock::new(|| self::hash(&Secret::new("nobody's password")).ok());
    // Made before it is known whether it is needed, so that the first unknown address takes no longer.
    let nobodys = NOBODYS.as_deref();
    let known = hash.is_some();
    let Some(hash) = hash.or(nobodys) else { return false };
    let verified = argon2()
        .is_ok_and(|argon2| argon2.verify_password(password.expose().as_bytes(), hash).is_ok());
    verified && known
}

fn argon2() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|_| Problem::internal(Error::other("argon2 parameters")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let hash = hash(&Secret::new("correct horse battery")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(matches(&Secret::new("correct horse battery"), Some(&hash)));
        assert!(!matches(&Secret::new("correct horse batterx"), Some(&hash)));
        assert!(!matches(&Secret::new("nobody's password"), None));
    }

    #[test]
    fn a_password_is_counted_in_characters() {
        assert!(read("पासवर्ड१२३४").is_ok());
        assert!(read("short").is_err());
        assert!(read(&"x".repeat(LONGEST + 1)).is_err());
    }
}
