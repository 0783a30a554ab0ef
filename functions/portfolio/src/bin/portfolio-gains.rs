//! `GET /v1/portfolio/gains`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::gains::route())
}
