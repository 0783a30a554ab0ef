//! `GET /openapi.json`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::openapi::route())
}
