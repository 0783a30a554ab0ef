//! `GET /v1/portfolio/trades`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::trades::route())
}
