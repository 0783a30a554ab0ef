//! The ledger as its users see it: events in, lots, gains and returns out.

#![expect(clippy::expect_used, reason = "helpers of tests are tests")]

mod advance;
mod book;
mod budget;
mod gains;
mod lots;
mod openings;
mod properties;
mod published;
mod returns;
mod stated;
mod year;
