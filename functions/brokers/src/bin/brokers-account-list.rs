//! `GET /v1/accounts`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::account_list::route())
}
