//! Schedule: has every workspace valued by the prices of a day.

fn main() -> shared::Outcome {
    shared::schedule::run(market::revalue::schedule())
}
