//! `GET /health`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::health::route())
}
