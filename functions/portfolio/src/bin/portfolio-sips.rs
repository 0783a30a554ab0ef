//! `GET /v1/portfolio/sips`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::sips::route())
}
