//! Queue `prices-load`.

fn main() -> shared::Outcome {
    shared::queue::consume(market::prices_load::consumer())
}
