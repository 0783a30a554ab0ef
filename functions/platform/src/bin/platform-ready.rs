//! `GET /ready`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::ready::route())
}
