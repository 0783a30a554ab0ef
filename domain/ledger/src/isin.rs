//! The identity of a security: an International Securities Identification Number.

use serde::{Deserialize, Serialize};

/// A checked ISIN: two letters, nine letters or digits, and a check digit (ISO 6166).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Isin([u8; 12]);

/// Why a text is not an ISIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIsin {
    /// Not twelve characters of the right kinds.
    #[error("an ISIN has 12 characters: two letters, nine letters or digits, one digit")]
    Shape,
    /// The last digit does not agree with the rest, so a character is mistyped.
    #[error("the check digit does not fit; a character is mistyped")]
    CheckDigit,
}

impl Isin {
    /// Reads an ISIN, ignoring case and surrounding space.
    pub fn parse(text: &str) -> Result<Self, InvalidIsin> {
        let mut bytes: [u8; 12] =
            text.trim().as_bytes().try_into().map_err(|_| InvalidIsin::Shape)?;
        bytes.make_ascii_uppercase();
        let shaped = bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..11].iter().all(u8::is_ascii_alphanumeric)
            && bytes[11].is_ascii_digit();
        if !shaped {
            return Err(InvalidIsin::Shape);
        }
        if luhn(bytes).is_multiple_of(10) { Ok(Self(bytes)) } else { Err(InvalidIsin::CheckDigit) }
    }

    /// The twelve characters.
    pub fn as_str(&self) -> &str {
        // Letters and digits only, since that is all `parse` lets in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The Luhn sum over the digits of ISO 6166: a letter counts as its two digits, A = 10.
fn luhn(isin: [u8; 12]) -> u32 {
    let digits = isin.into_iter().rev().flat_map(|byte| match byte {
        b'0'..=b'9' => [Some(u32::from(byte - b'0')), None],
        _ => [Some(u32::from(byte - b'A' + 10) % 10), Some(u32::from(byte - b'A' + 10) / 10)],
    });
    let weigh = |(place, digit): (usize, u32)| {
        if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    };
    digits.flatten().enumerate().map(weigh).sum()
}

impl std::fmt::Display for Isin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for Isin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Isin {
    type Error = InvalidIsin;

    fn try_from(text: String) -> Result<Self, InvalidIsin> {
        Self::parse(&text)
    }
}

impl From<Isin> for String {
    fn from(isin: Isin) -> Self {
        isin.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_isins_are_read_in_any_case() {
        for isin in
            ["INE925R01014", "INE002A01018", " ine009a01021 ", "INF204KB14I2", "US0378331005"]
        {
            assert!(Isin::parse(isin).is_ok(), "{isin}");
        }
    }

    #[test]
    fn a_mistyped_character_is_found() {
        assert_eq!(Isin::parse("INE925R01015"), Err(InvalidIsin::CheckDigit));
        assert_eq!(Isin::parse("INE952R01014"), Err(InvalidIsin::CheckDigit));
    }

    #[test]
    fn what_is_not_an_isin_is_refused() {
        for text in
            ["", "INE925R0101", "INE925R010144", "1NE925R01014", "INE925R0101X", "INE925R0₹014"]
        {
            assert_eq!(Isin::parse(text), Err(InvalidIsin::Shape), "{text}");
        }
    }
}
