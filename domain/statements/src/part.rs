//! The parts of a consolidated statement, which may belong to several accounts.

use crate::Statement;

/// What of its owner's a statement is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The account that the file names, or that is named for it.
    #[default]
    Account,
    /// A demat account.
    Demat {
        /// The depository's id of whoever keeps it.
        participant: String,
        /// Its id there; the whole one at some.
        client: String,
    },
    /// Units outside demat.
    Folio {
        /// As [`folio_number`] writes it; blank where the statement has none.
        number: String,
        /// The permanent account number of its first holder, when the statement has one.
        holder: Option<String>,
    },
}

impl Part {
    /// The id of a demat account, as the depository writes it.
    pub fn demat_id(&self) -> Option<String> {
        match self {
            Self::Demat { participant, client } if client.len() < 16 => {
                Some([participant.as_str(), client].concat().to_ascii_uppercase())
            }
            Self::Demat { client, .. } => Some(client.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Whether somebody means it by this id of a demat account: the depository's sixteen characters, or the client's part
    /// of them.
    pub fn is_demat(&self, id: &str) -> bool {
        let Self::Demat { client, .. } = self else { return false };
        id.eq_ignore_ascii_case(client)
            || self.demat_id().is_some_and(|whole| id.eq_ignore_ascii_case(&whole))
    }
}

/// A folio's number without what differs between two readings of it: spaces, and small letters.
pub fn folio_number(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// A permanent account number, five letters, four digits, a letter, in capitals; `None` of anything else.
pub fn permanent_account_number(text: &str) -> Option<String> {
    let number = text.trim().to_ascii_uppercase();
    let is_letter = |at: usize| !(5..9).contains(&at);
    let good = |(at, byte): (usize, u8)| match is_letter(at) {
        true => byte.is_ascii_uppercase(),
        false => byte.is_ascii_digit(),
    };
    (number.len() == 10 && number.bytes().enumerate().all(good)).then_some(number)
}

impl Statement {
    /// Whether it says which folios units are in: then it is complete for folios, where it is for funds.
    pub fn tells_folios(&self) -> bool {
        self.layout == crate::layouts::TELLS_FOLIOS
            || self.rows.iter().any(|row| row.folio.is_some())
    }

    /// Makes one statement of several folios, or of the only part; `None` of several demat accounts, and of none.
    pub fn join(parts: Vec<Self>) -> Option<Self> {
        let one = parts.len() == 1;
        let mut parts = parts.into_iter();
        let mut whole = parts.next()?;
        if !one {
            whole.part = Part::Account;
        }
        for part in parts {
            if !matches!(part.part, Part::Folio { .. }) {
                return None;
            }
            whole.entries.extend(part.entries);
            whole.folios.extend(part.folios);
            whole.errors.extend(part.errors);
            whole.warnings.extend(part.warnings);
            whole.tally.add(part.tally);
        }
        Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permanent_account_number_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(permanent_account_number(" abcde1234f ").as_deref(), Some("ABCDE1234F"));
        for text in ["ABCDE12345", "ABCDE1234", "ABCD11234F", "ÄBCDE1234F", "ABCDE1234FG", ""] {
            assert_eq!(permanent_account_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_demat_account_is_meant_by_either_of_its_ids() {
        let demat = |participant: &str, client: &str| Part::Demat {
            participant: participant.into(),
            client: client.into(),
        };
        let nsdl = demat("IN300394", "12345678");
        assert!(
            nsdl.is_demat("in30039412345678")
                && nsdl.is_demat("12345678")
                && !nsdl.is_demat("2345678")
        );
        let cdsl = demat("12081600", "1208160000000001");
        assert_eq!(cdsl.demat_id().as_deref(), Some("1208160000000001"));
        assert!(!Part::Account.is_demat(""));
    }
}
