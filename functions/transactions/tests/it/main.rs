//! Events entered by hand, and corporate actions that are applied.

mod corporate_actions;
mod events;
