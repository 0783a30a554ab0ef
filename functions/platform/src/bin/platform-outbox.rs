//! Schedule: sends the events that were left behind.

fn main() -> shared::Outcome {
    shared::schedule::run(platform::outbox::schedule())
}
