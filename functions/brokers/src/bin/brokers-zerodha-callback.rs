//! `POST /v1/auth/zerodha/callback`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::zerodha_callback::route())
}
