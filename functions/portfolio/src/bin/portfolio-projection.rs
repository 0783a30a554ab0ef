//! `GET /v1/portfolio/projection`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::projection::route())
}
