//! `GET /v1/portfolio/income`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::income::route())
}
