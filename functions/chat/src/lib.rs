//! Questions in plain language.
//!
//! Invariants:
//! - A figure of an answer is a cell of a query's answer; nothing else writes figures.
//! - A model makes queries and never figures; it is asked where the workspace agreed, and told no amount.
//! - Rules answer a question only when they understand all of it.
//! - Advice is refused.
//! - A question counts against the plan once, and only where it was answered.

mod answer;
pub mod ask;
pub mod conversation_delete;
pub mod conversation_get;
pub mod conversation_list;
pub mod entitlement_set;
mod model;
pub mod model_get;
pub mod model_set;
pub mod rate;
mod reasons;
mod run;
pub mod stream;
pub mod suggestions;
mod turns;
pub mod usage;

pub use reasons::ALL as REASONS;
use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        ask::route(),
        stream::route(),
        conversation_list::route(),
        conversation_get::route(),
        conversation_delete::route(),
        rate::route(),
        suggestions::route(),
        usage::route(),
        model_get::route(),
        model_set::route(),
        entitlement_set::route(),
    ]
}
