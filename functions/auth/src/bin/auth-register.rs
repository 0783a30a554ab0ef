//! `POST /v1/auth/register`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::register::route())
}
