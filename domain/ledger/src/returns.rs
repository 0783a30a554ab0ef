//! What a portfolio returned: money-weighted, time-weighted, and where every rupee of a change in value came from.

mod days;
mod period;
mod priced;
mod twr;
mod xirr;

pub use days::{Day, Prices, days};
pub use period::{Period, Refused, Returns, ReturnsInput, Terms, returns};
pub use priced::{PricedReturns, with_relatives};
pub use twr::{TimeWeighted, factors, time_weighted};
pub use xirr::{Flow, Undefined, Xirr, xirr};
