//! Schedule: six in the morning, and every hour.

fn main() -> shared::Outcome {
    shared::schedule::run(brokers::connection_expire::schedule())
}
