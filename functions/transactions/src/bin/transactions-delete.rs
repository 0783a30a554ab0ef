//! `DELETE /v1/transactions/{transactionId}`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::delete::route())
}
