//! Parameters with their types stated, so that a statement is one round trip.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde_json::Value;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A parameter and its Postgres type.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// A Rust type with one Postgres type.
pub trait Typed: ToSql + Sync {
    /// Its type.
    const TYPE: Type;
    /// The type of an array of it.
    const ARRAY: Type;
}

/// States the type of a parameter.
pub fn typed<T: Typed>(value: &T) -> Param<'_> {
    (value, T::TYPE)
}

macro_rules! typed {
    ($($rust:ty => $one:ident, $many:ident;)*) => {
        $(impl Typed for $rust {
            const TYPE: Type = Type::$one;
            const ARRAY: Type = Type::$many;
        })*
    };
}

typed! {
    bool => BOOL, BOOL_ARRAY;
    i32 => INT4, INT4_ARRAY;
    i64 => INT8, INT8_ARRAY;
    &str => TEXT, TEXT_ARRAY;
    String => TEXT, TEXT_ARRAY;
    Uuid => UUID, UUID_ARRAY;
    Decimal => NUMERIC, NUMERIC_ARRAY;
    Timestamp => TIMESTAMPTZ, TIMESTAMPTZ_ARRAY;
    Date => DATE, DATE_ARRAY;
    Time => TIME, TIME_ARRAY;
    Value => JSONB, JSONB_ARRAY;
    Vec<u8> => BYTEA, BYTEA_ARRAY;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

/// Lists become arrays; arrays of arrays are not used.
macro_rules! lists {
    ($($element:ty),*) => {
        $(impl Typed for Vec<$element> {
            const TYPE: Type = <$element as Typed>::ARRAY;
            const ARRAY: Type = <$element as Typed>::ARRAY;
        }
        impl Typed for &[$element] {
            const TYPE: Type = <$element as Typed>::ARRAY;
            const ARRAY: Type = <$element as Typed>::ARRAY;
        })*
    };
}

lists!(bool, i32, i64, &str, String, Uuid, Decimal, Timestamp, Date, Value);
lists!(Option<String>, Option<Decimal>, Option<Date>);
