//! Rows as types.

/// Reads a struct from a row, each field from the column of its name or from the one that stands after `=`:
/// `from_row!(Account { account_id, as_of = "statement_on" })`. It panics where a column is missing or of another type:
/// statement and struct stand side by side, and a test that reads one row sees it.
#[macro_export]
macro_rules! from_row {
    ($name:ident { $($field:ident $(= $column:literal)?),* $(,)? }) => {
        impl From<&$crate::db::Row> for $name {
            fn from(row: &$crate::db::Row) -> Self {
                Self { $($field: row.get($crate::from_row!(@column $field $($column)?)),)* }
            }
        }
    };
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
}
