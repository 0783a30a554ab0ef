//! Queue `snapshot`.

fn main() -> shared::Outcome {
    shared::queue::consume(portfolio::snapshot::consumer())
}
