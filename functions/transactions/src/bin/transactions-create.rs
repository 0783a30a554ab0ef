//! `POST /v1/transactions`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::create::route())
}
