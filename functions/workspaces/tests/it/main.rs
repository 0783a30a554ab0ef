//! Workspaces as their members meet them.

mod idempotency;
mod members;
