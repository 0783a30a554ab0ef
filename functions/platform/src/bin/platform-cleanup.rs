//! Schedule: deletes what has aged.

fn main() -> shared::Outcome {
    shared::schedule::run(platform::cleanup::schedule())
}
