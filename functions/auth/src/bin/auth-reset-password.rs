//! `POST /v1/auth/reset-password`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::reset_password::route())
}
