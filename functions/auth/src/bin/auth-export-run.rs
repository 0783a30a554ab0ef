//! Queue `export`.

fn main() -> shared::Outcome {
    shared::queue::consume(auth::export_run::consumer())
}
