//! The platform's functions, and the database's own order.

mod catalogue;
mod endpoints;
mod migrations;
mod outbox;
