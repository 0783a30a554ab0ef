//! Queue `mail`.

fn main() -> shared::Outcome {
    shared::queue::consume(notifications::mail::consumer())
}
