//! The platform's functions, and the database's own order.

mod catalogue;
mod endpoints;
mod metrics;
mod migrations;
mod outbox;
mod rotation;
mod versions;
mod walls;
