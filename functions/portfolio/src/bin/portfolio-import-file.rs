//! Queue `import-file`.

fn main() -> shared::Outcome {
    shared::queue::consume(portfolio::import::uploaded::consumer())
}
