//! Schedule: asks for every account to be brought up to date.

fn main() -> shared::Outcome {
    shared::schedule::run(brokers::refresh_daily::schedule())
}
