//! `POST /v1/auth/exchange`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::exchange::route())
}
