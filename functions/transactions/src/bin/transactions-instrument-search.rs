//! `GET /v1/instruments`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::instrument_search::route())
}
