//! Schedule: every hour.

fn main() -> shared::Outcome {
    shared::schedule::run(auth::purge::schedule())
}
