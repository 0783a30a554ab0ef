//! Numbers as Postgres sends them.

use std::error::Error;

use rust_decimal::Decimal;
use tokio_postgres::types::{FromSql, Type, accepts};

/// A number of a `numeric` column: what the library reads, several times as fast, for the library multiplies and divides
/// decimals for every four digits. A book has hundreds of numbers, a year of its prices thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numeric(pub Decimal);

impl<'a> FromSql<'a> for Numeric {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let message = Message::read(raw).ok_or("it is cut")?;
        // None of these is one of 96 bits, and at some of them the library panics.
        if message.scale() < -4 * 7 {
            return Err("it has more digits than are worked with here".into());
        }
        // What is very long, has to be rounded or is no number is rare, and the library's.
        message.number().map_or_else(|| Decimal::from_sql(kind, raw), Ok).map(Self)
    }

    accepts!(NUMERIC);
}

/// A number as `numeric_send` in Postgres' numeric.c writes it.
struct Message<'a> {
    /// How many of the groups are before the point, but for one.
    weight: i16,
    sign: u16,
    /// How many digits it is written with after the point.
    places: u16,
    /// Four digits each, without the last of them that are zeros.
    groups: &'a [[u8; 2]],
}

/// The most groups whose number is one of 96 bits, whatever they are.
const GROUPS: usize = 7;

impl<'a> Message<'a> {
    fn read(raw: &'a [u8]) -> Option<Self> {
        let (words, _) = raw.as_chunks::<2>();
        let (&[count, weight, sign, places], rest) = words.split_first_chunk::<4>()?;
        let word = u16::from_be_bytes;
        Some(Self {
            weight: i16::from_be_bytes(weight),
            sign: word(sign),
            places: word(places),
            groups: rest.get(..word(count).into())?,
        })
    }

    /// How many places after the point its groups reach; fewer than none, where zeros before it were left out.
    fn scale(&self) -> i64 {
        4 * (self.groups.len() as i64 - i64::from(self.weight) - 1)
    }

    /// The number, when it is of seven groups at most and none of its digits has to be rounded off.
    fn number(&self) -> Option<Decimal> {
        let negative = match self.sign {
            0 => false,
            0x4000 => true,
            _ => return None,
        };
        if self.groups.len() > GROUPS {
            return None;
        }
        let append = |all, group: &[u8; 2]| all * 10_000 + i128::from(u16::from_be_bytes(*group));
        let digits = self.groups.iter().fold(0_i128, append);
        let digits = match i64::from(self.places) - self.scale() {
            0 => digits,
            _ if digits == 0 => 0,
            missing @ 1..=28 => digits.checked_mul(10_i128.pow(missing as u32))?,
            // The last group is filled up with zeros.
            filling @ -3..0 => {
                let unit = 10_i128.pow(filling.unsigned_abs() as u32);
                if digits % unit != 0 {
                    return None;
                }
                digits / unit
            }
            _ => return None,
        };
        let number = Decimal::try_from_i128_with_scale(digits, self.places.into()).ok()?;
        Some(if negative { -number } else { number })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_postgres::types::ToSql;

    use super::*;

    /// What both say of the same bytes.
    fn both(raw: &[u8]) -> (Option<Decimal>, Option<Decimal>) {
        let ours = Numeric::from_sql(&Type::NUMERIC, raw).ok().map(|Numeric(number)| number);
        (ours, Decimal::from_sql(&Type::NUMERIC, raw).ok())
    }

    fn message(count: u16, weight: i16, sign: u16, places: u16, groups: &[u16]) -> Vec<u8> {
        let header = [count, weight.cast_unsigned(), sign, places];
        header.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    fn same(ours: Option<Decimal>, theirs: Option<Decimal>) -> Result<(), TestCaseError> {
        prop_assert_eq!(ours, theirs);
        prop_assert_eq!(ours.map(|one| one.scale()), theirs.map(|one| one.scale()));
        Ok(())
    }

    proptest! {
        #[test]
        fn every_number_is_read_as_it_was_written(
            mantissa in prop_oneof![-200_i128..200, -10_i128.pow(20)..10_i128.pow(20), -(1_i128 << 96) + 1..1_i128 << 96],
            scale in 0_u32..=28,
        ) {
            let number = Decimal::from_i128_with_scale(mantissa, scale);
            let mut raw = bytes::BytesMut::new();
            number.to_sql(&Type::NUMERIC, &mut raw).unwrap();
            let (ours, theirs) = both(&raw);
            prop_assert_eq!(ours, Some(number));
            same(ours, theirs)?;
            // Unlike the library, Postgres leaves out groups of zeros at the end before the point, too.
            while raw.len() > 8 && raw.ends_with(&[0, 0]) {
                raw.truncate(raw.len() - 2);
                raw[1] -= 1;
            }
            same(both(&raw).0, theirs)?;
        }

        #[test]
        fn whatever_is_sent_is_read_as_the_library_reads_it(
            groups in prop::collection::vec(0_u16..10_000, 0..10),
            weight in -9_i16..7,
            sign in prop::sample::select(vec![0, 0, 0, 0x4000, 0x4000, 0x4000, 0xC000, 0xD000, 0xF000]),
            places in 0_u16..40,
        ) {
            let count = u16::try_from(groups.len()).unwrap();
            let (ours, theirs) = both(&message(count, weight, sign, places, &groups));
            same(ours, theirs)?;
        }

        #[test]
        fn zeros_that_were_left_out_are_read_until_it_is_too_large(
            groups in prop::collection::vec(1_u16..10, 1..3),
            left_out in 6_i16..12,
        ) {
            let count = u16::try_from(groups.len()).unwrap();
            let weight = count.cast_signed() - 1 + left_out;
            let raw = message(count, weight, 0, 0, &groups);
            if left_out <= 7 {
                let (ours, theirs) = both(&raw);
                same(ours, theirs)?;
            } else {
                // The library panics here, or refuses it.
                prop_assert!(Numeric::from_sql(&Type::NUMERIC, &raw).is_err());
            }
        }

        #[test]
        fn what_is_cut_is_refused(
            groups in prop::collection::vec(1_u16..10_000, 0..10),
            kept in 0.0..1.0,
        ) {
            let count = u16::try_from(groups.len()).unwrap();
            let raw = message(count, 0, 0, 28, &groups);
            let kept = (raw.len() as f64 * kept) as usize;
            prop_assert!(Numeric::from_sql(&Type::NUMERIC, &raw[..kept]).is_err());
        }

        #[test]
        fn no_message_makes_it_panic(
            count in 0_u16..12, weight: i16, sign: u16, places: u16,
            groups in prop::collection::vec(any::<u16>(), 12),
        ) {
            let _ = Numeric::from_sql(&Type::NUMERIC, &message(count, weight, sign, places, &groups));
        }
    }
}
