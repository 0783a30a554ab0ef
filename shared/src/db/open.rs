//! Whether a transaction has the process' one connection.

use std::sync::atomic::{AtomicU64, Ordering};

/// What holds a transaction. Only a debug build looks: there, who asks for the connection again panics, where a
/// release would wait for itself.
#[derive(Default)]
pub(super) struct Open(AtomicU64);

impl Open {
    pub(super) fn hold(&self) {
        self.0.store(task(), Ordering::Relaxed);
    }

    pub(super) fn release(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Panics when what runs holds a transaction itself.
    #[cfg_attr(debug_assertions, track_caller)]
    pub(super) fn refuse_again(&self) {
        let held = self.0.load(Ordering::Relaxed);
        debug_assert!(
            held == 0 || held != task(),
            "a transaction of this very request has the connection: send the statement through it, or end it first"
        );
    }
}

/// What runs: a task, or what the runtime was started for, which has no number. Zero in a release.
fn task() -> u64 {
    if !cfg!(debug_assertions) {
        return 0;
    }
    let id = tokio::task::try_id().map(|id| id.to_string());
    id.and_then(|id| id.parse().ok()).unwrap_or(u64::MAX)
}
