//! `DELETE /v1/auth/zerodha/connections/{connectionId}`.

fn main() -> shared::Outcome {
    shared::http::serve(brokers::zerodha_disconnect::route())
}
