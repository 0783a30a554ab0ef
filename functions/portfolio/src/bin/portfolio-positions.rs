//! `GET /v1/portfolio/positions`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::positions::route())
}
