//! What stands in for vendors on this machine.

pub mod kite;
