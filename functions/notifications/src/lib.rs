//! What people are told outside the API: mail for every service.
//!
//! Invariants:
//! - A mailed code or token is in no row and in no message; only its hash is kept.
//! - A stranger's text is in a mail without links.

pub mod mail;
