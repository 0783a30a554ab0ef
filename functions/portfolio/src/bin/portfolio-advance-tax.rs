//! `GET /v1/portfolio/advance-tax`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::advance_tax::route())
}
