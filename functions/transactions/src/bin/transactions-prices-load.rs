//! Queue `prices-load`.

fn main() -> shared::Outcome {
    shared::queue::consume(transactions::prices_load::consumer())
}
