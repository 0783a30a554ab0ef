//! `POST /v1/portfolio/sync`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::sync::route())
}
