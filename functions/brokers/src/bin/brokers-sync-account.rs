//! Queue `sync-account`.

fn main() -> shared::Outcome {
    shared::queue::consume(brokers::sync_account::consumer())
}
