//! Registration, sign-in, sessions, and every kind of request that is refused.

mod requests;
mod sessions;
mod tokens;
