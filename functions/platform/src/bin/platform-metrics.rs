//! `GET /v1/metrics`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::metrics::route())
}
