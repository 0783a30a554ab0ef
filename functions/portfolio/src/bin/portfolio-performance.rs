//! `GET /v1/portfolio/performance`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::performance::route())
}
