//! `POST /v1/auth/verify-email`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::verify_email::route())
}
