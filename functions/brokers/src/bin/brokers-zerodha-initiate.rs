//! `GET /v1/auth/zerodha/initiate`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::zerodha_initiate::route())
}
