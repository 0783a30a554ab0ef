//! The shared crate against a real Postgres and a real emulator.

mod db;
mod events;
mod frame;
mod isolation;
mod keys;
mod limits;
mod permissions;
mod stream;
mod telemetry;
mod tls;
