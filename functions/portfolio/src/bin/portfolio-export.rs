//! `POST /v1/portfolio/exports`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::export::route())
}
