//! Exact portfolio arithmetic: ISINs, money, quantities, valuation. No I/O, no clock.
//!
//! Everything is decimal. Sums stay exact; rounding happens once, when a figure leaves
//! (money to 2 places, prices to 4, half away from zero).
#![warn(missing_docs)]

mod isin;
mod money;
mod valuation;

pub use isin::{InvalidIsin, Isin};
pub use money::{Money, Percent, Price, Quantity};
pub use valuation::{
    AccountTotals, Allocation, Book, Holding, Mover, NoValue, PricePoint, Summary, Totals, Valued,
    allocate, movers, summarise, totals, value,
};
