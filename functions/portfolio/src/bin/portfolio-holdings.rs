//! `GET /v1/portfolio/holdings`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::holdings::route())
}
