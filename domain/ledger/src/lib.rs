//! Exact portfolio arithmetic: events to lots, gains and returns. No I/O, no clock.
//!
//! Everything is decimal, but for the root finder of a yearly rate. Sums stay exact; rounding happens once, when a
//! figure leaves (money to 2 places, prices to 4, half away from zero). `docs/returns.md` has rules and proofs.
#![warn(missing_docs)]

mod balance;
pub mod budget;
pub mod columns;
mod event;
mod holding;
mod isin;
mod ledger;
mod lots;
mod money;
pub mod projection;
pub mod returns;
pub mod series;
pub mod sips;
mod steps;
pub mod tax;
mod valuation;

pub use balance::{Cause, Move, Snapshot};
pub use event::{Act, Event, Exchange, Fill, IncomeKind, Place, Ratio, Venue};
pub use holding::{Holding, Lots, PricePoint};
pub use isin::{InvalidIsin, Isin};
pub use ledger::{History, Ledger, Position, Reconciled};
pub use lots::{Closing, Departure, Income, Lot, LotSource, Way};
pub use money::{Money, Percent, Price, Quantity};
pub use valuation::{
    AccountTotals, Allocation, Mover, NoValue, Summary, Totals, Valued, allocate, movers,
    summarise, totals, value,
};
