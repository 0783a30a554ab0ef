//! Running the deployment: health, the contract, migrations, the outbox relay.
//!
//! Invariants:
//! - A deployment whose migrations failed has changed nothing that the running code depends on.
//! - The private signing key is written here once and never read here.
//! - Every committed event is sent at least once, however its function ended.

pub mod cleanup;
pub mod docs;
pub mod docs_file;
pub mod health;
pub mod jwks;
pub mod metrics;
pub mod migrate;
pub mod openapi;
pub mod outbox;
pub mod ready;
pub mod rotate_key;
mod signing_key;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        health::route(),
        ready::route(),
        openapi::route(),
        docs::route(),
        docs_file::route(),
        jwks::route(),
        metrics::route(),
    ]
}
