//! Registration, sign-in, sessions, and every kind of request that is refused.

mod leaving;
mod oidc;
mod organisations;
mod passwords;
mod refresh;
mod requests;
mod sessions;
mod tokens;
