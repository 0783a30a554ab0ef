//! `POST /v1/auth/login`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::login::route())
}
