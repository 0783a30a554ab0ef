//! API keys: `km_live_<id>_<secret><checksum>`, made here, shown once, kept as a hash.
//!
//! The checksum is the CRC-32 (ISO 3309) of what stands before it, in six digits of base 62: a mistyped key, and
//! most of what a scanner for leaked secrets finds by chance, is refused without asking anybody.

use crate::crypto::{random, sha256};
use crate::{Problem, Secret};

/// What every key begins with: whose it is and for which surface.
const PREFIX: &str = "km_live_";
/// Base 62 in the order GitHub's tokens have made usual.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Letters of the id, of the secret (256 bits), of the checksum.
const ID: usize = 8;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;

/// A key that has the right form; whether it is good, the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The part that is no secret: what logs and lists call it.
    pub id: String,
    /// SHA-256 of the whole key.
    pub sha256: Vec<u8>,
}

impl ApiKey {
    /// Makes a key; the text is to be shown once.
    pub fn make() -> Result<(Self, Secret), Problem> {
        let body = format!("{PREFIX}{}_{}", letters(ID)?, letters(SECRET)?);
        let text = format!("{body}{}", checksum(&body));
        let key = Self::read(&text)
            .ok_or_else(|| Problem::internal(anyhow::anyhow!("a key that was made is none")))?;
        Ok((key, Secret::new(text)))
    }

    /// Reads a key; `None` when it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let lengths = (id.len(), rest.len()) == (ID, SECRET + CHECKSUM);
        let letters = id.bytes().chain(rest.bytes()).all(|letter| DIGITS.contains(&letter));
        if !lengths || !letters {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        (checksum(body) == sum).then(|| Self { id: id.to_owned(), sha256: sha256(text.as_bytes()) })
    }
}

/// Random letters, each as likely as the others.
fn letters(length: usize) -> Result<String, Problem> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = random::<64>()?;
        // 248 is the largest multiple of 62 in a byte: what is above would make some letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.map(|byte| char::from(DIGITS[usize::from(byte % 62)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut letters = [b'0'; CHECKSUM];
    for letter in letters.iter_mut().rev() {
        *letter = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    letters.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_made_and_nothing_near_it_is() {
        let (key, text) = ApiKey::make().unwrap();
        assert_eq!(ApiKey::read(text.expose()), Some(key));
        for at in 0..text.expose().len() {
            let mut bytes = text.expose().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            let near = String::from_utf8(bytes).unwrap();
            assert_eq!(ApiKey::read(&near), None, "letter {at}");
        }
        for text in
            ["", "km_live_", "km_live_abc_def", &text.expose()[1..], &format!("{} ", text.expose())]
        {
            assert_eq!(ApiKey::read(text), None);
        }
    }

    #[test]
    fn the_checksum_is_crc_32() {
        // The check value of CRC-32/ISO-HDLC, 0xCBF43926, in base 62.
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum("123456789"), "3jZRME");
    }
}
