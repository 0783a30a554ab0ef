//! Amounts with their unit in the type, written as decimal strings.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

/// Rounds once, on the way out: half away from zero.
fn rounded(amount: Decimal, places: u32) -> String {
    let mut rounded = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    // Not "-0.00", which a reader takes for a loss.
    if rounded.is_zero() { Decimal::new(0, places).to_string() } else { rounded.to_string() }
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $example:literal, $about:literal, |$value:ident| $text:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub Decimal);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $value = self.0;
                f.write_str(&$text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self.0;
                serializer.serialize_str(&$text)
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
    Quantity, "12.345", "Shares or fund units as a decimal string.", |value| value.normalize().to_string()
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
    use super::*;

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
