//! `DELETE /v1/accounts/{accountId}`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::account_delete::route())
}
