//! `GET /v1/auth/zerodha/landing`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::zerodha_landing::route())
}
