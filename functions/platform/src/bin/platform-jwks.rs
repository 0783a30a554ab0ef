//! `GET /.well-known/jwks.json`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::jwks::route())
}
