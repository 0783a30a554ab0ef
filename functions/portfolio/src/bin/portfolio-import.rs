//! `POST /v1/portfolio/import`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::import::route())
}
