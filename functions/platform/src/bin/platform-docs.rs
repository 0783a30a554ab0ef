//! `GET /docs`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::docs::route())
}
