//! `GET /v1/auth/zerodha/status`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::zerodha_status::route())
}
