//! `GET /v1/portfolio/summary`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::summary::route())
}
