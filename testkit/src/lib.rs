//! What integration tests stand on.
