//! Queue `mail`.

fn main() -> shared::Outcome {
    shared::queue::consume(auth::mail::consumer())
}
