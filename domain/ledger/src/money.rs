//! Amounts with their unit in the type, written as decimal strings.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

/// Rounds once, on the way out: half away from zero.
fn rounded(amount: Decimal, places: u32) -> Text {
    let half_up = RoundingStrategy::MidpointAwayFromZero;
    let exact = amount.scale() <= places;
    Text::of(if exact { amount } else { amount.round_dp_with_strategy(places, half_up) }, places)
}

/// A number as decimal text. An answer has hundreds of them: they are written without asking for memory, in less than half
/// of the time that the library takes.
struct Text {
    /// Written from the end: a sign, 29 digits, a point, and zeros that the number's own scale leaves out.
    bytes: [u8; 40],
    from: usize,
}

/// The digits that are taken at a time.
const DIGITS: u32 = 19;

impl Text {
    /// With so many places, which are no fewer than the number has.
    fn of(amount: Decimal, places: u32) -> Self {
        let mantissa = amount.mantissa().unsigned_abs();
        let mut text = Self { bytes: [0; 40], from: 40 };
        let zeros = 10_u128.pow(places.saturating_sub(amount.scale()));
        let (mut left, mut before) = split(mantissa * zeros);
        let mut written = 0;
        // One before the point, whatever it is.
        while written <= places || left > 0 || before > 0 {
            if written == DIGITS {
                (left, before) = (before, 0);
            }
            if written == places && places > 0 {
                text.put(b'.');
            }
            text.put(b'0' + (left % 10) as u8);
            left /= 10;
            written += 1;
        }
        // Not "-0.00", which a reader takes for a loss.
        if amount.is_sign_negative() && mantissa > 0 {
            text.put(b'-');
        }
        text
    }

    fn put(&mut self, byte: u8) {
        self.from -= 1;
        self.bytes[self.from] = byte;
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[self.from..]).unwrap_or_default()
    }
}

/// The last digits, and those before them. Dividing 128 bits takes as long as all the rest.
fn split(number: u128) -> (u64, u64) {
    let unit = 10_u64.pow(DIGITS);
    match u64::try_from(number) {
        Ok(low) if low < unit => (low, 0),
        // Of 96 bits and four zeros neither part is larger than 64.
        _ => ((number % u128::from(unit)) as u64, (number / u128::from(unit)) as u64),
    }
}

/// Without zeros at the end.
fn trimmed(amount: Decimal) -> Text {
    if amount.scale() == 0 {
        return Text::of(amount, 0);
    }
    let amount = amount.normalize();
    Text::of(amount, amount.scale())
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $example:literal, $about:literal, |$value:ident| $text:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub Decimal);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $value = self.0;
                f.write_str($text.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self.0;
                serializer.serialize_str($text.as_str())
            }
        }

        impl PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($about))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

amount!(
    /// Rupees, exact inside, two places outside.
    Money, "125000.50", "Rupees as a decimal string with 2 places.", |value| rounded(value, 2)
);
amount!(
    /// Rupees for one share or unit, four places outside.
    Price, "2890.1500", "Rupees for one share or unit, a decimal string with 4 places.", |value| rounded(value, 4)
);
amount!(
    /// Shares or fund units, written without trailing zeros.
    Quantity, "12.345", "Shares or fund units as a decimal string.", |value| trimmed(value)
);
amount!(
    /// A part of a hundred, two places outside.
    Percent, "12.35", "Percent as a decimal string with 2 places.", |value| rounded(value, 2)
);

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

impl Percent {
    /// `part` of `whole`; `None` when the whole is zero or less, where a share has no meaning.
    pub fn of(part: Money, whole: Money) -> Option<Self> {
        (whole.0 > Decimal::ZERO).then(|| Self(part.0 * Decimal::ONE_HUNDRED / whole.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_what_the_library_would_write(
            mantissa in prop_oneof![-200_i128..200, -10_i128.pow(20)..10_i128.pow(20), -(1_i128 << 96) + 1..1_i128 << 96],
            scale in 0_u32..=28,
        ) {
            let amount = Decimal::from_i128_with_scale(mantissa, scale);
            prop_assert_eq!(Quantity(amount).to_string(), amount.normalize().to_string());
            for (text, places) in [(Money(amount).to_string(), 2), (Price(amount).to_string(), 4)] {
                let half_up = RoundingStrategy::MidpointAwayFromZero;
                let amount = amount.round_dp_with_strategy(places, half_up);
                let amount = if amount.is_zero() { amount.abs() } else { amount };
                let library = amount.to_string();
                let (whole, part) = library.split_once('.').unwrap_or((&library, ""));
                prop_assert_eq!(text, format!("{whole}.{part:0<places$}", places = places as usize));
            }
        }
    }

    #[test]
    fn money_is_rounded_half_away_from_zero_at_output_only() {
        let table = [
            ("1.005", "1.01"),
            ("-1.005", "-1.01"),
            ("2.4949", "2.49"),
            ("-0.001", "0.00"),
            ("7", "7.00"),
        ];
        for (amount, text) in table {
            assert_eq!(Money(amount.parse().unwrap()).to_string(), text);
        }
        let thirds: Money =
            ["0.334", "0.333", "0.333"].iter().map(|part| Money(part.parse().unwrap())).sum();
        assert_eq!(thirds.to_string(), "1.00");
    }

    #[test]
    fn quantities_keep_their_fractions_and_lose_their_zeros() {
        assert_eq!(Quantity("12.345000".parse().unwrap()).to_string(), "12.345");
        assert_eq!(Quantity("100.000".parse().unwrap()).to_string(), "100");
    }

    #[test]
    fn a_share_of_nothing_is_undefined() {
        assert_eq!(Percent::of(Money(Decimal::ONE), Money(Decimal::ZERO)), None);
        assert_eq!(
            Percent::of(Money(Decimal::ONE), Money(Decimal::from(3))).unwrap().to_string(),
            "33.33"
        );
    }
}
