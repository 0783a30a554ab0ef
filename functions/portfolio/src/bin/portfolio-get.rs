//! `GET /v1/portfolio`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::get::route())
}
