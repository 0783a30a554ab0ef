//! Schedule: every day.

fn main() -> shared::Outcome {
    shared::schedule::run(platform::rotate_key::schedule())
}
