//! `GET /v1/instruments`.

fn main() -> shared::Outcome {
    shared::http::serve(market::instrument_search::route())
}
