//! `PATCH /v1/transactions/{transactionId}`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::update::route())
}
