//! What every function shares: serving, the database, tenancy, identity, events, limits.
//!
//! A function is one line over this crate: [`http::serve`] a route, [`queue::consume`] a
//! queue, or [`schedule::run`] a schedule. All three build one [`App`] per process, with the
//! database connected during initialisation and every other client built on first use.
#![warn(missing_docs)]

/// An enum and `ALL` of its variants.
macro_rules! listed {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$of:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: [Self; [$(stringify!($variant)),*].len()] = [$(Self::$variant),*];
        }
    };
}

pub mod app;
pub mod auth;
pub mod aws;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod db;
pub mod events;
pub mod fields;
pub mod http;
pub mod idempotency;
mod json;
pub mod limits;
pub mod once;
pub mod page;
pub mod problem;
pub mod queue;
pub mod request;
pub mod schedule;
pub mod seal;
pub mod secret;
pub mod secrets;
pub mod telemetry;

pub use app::App;
pub use auth::{Access, Caller, Permission};
pub use clock::Timestamp;
pub use config::Config;
pub use db::{Db, DbError, typed};
pub use problem::{Code, Problem, Reason};
pub use secret::Secret;

/// What a function's `main` returns.
pub type Outcome = anyhow::Result<()>;

/// Where memory of what is deployed comes from. The C library beside it keeps pages of each size apart, and asks the
/// system for each: twice as many calls and a sixth more first touches of pages in a process that answers one request.
#[cfg(target_env = "musl")]
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Asks the system once for the memory of a whole answer, and keeps it: it would be asked for 64 KB at a time, and what
/// grows could not grow where it is. Next to nothing of it is touched yet.
pub(crate) fn reserve_heap() {
    #[cfg(target_env = "musl")]
    drop(std::hint::black_box(Vec::<u8>::with_capacity(512 * 1024)));
}
