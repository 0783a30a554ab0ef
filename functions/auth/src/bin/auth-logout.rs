//! `POST /v1/auth/logout`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::logout::route())
}
