//! `POST /v1/auth/forgot-password`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::forgot_password::route())
}
