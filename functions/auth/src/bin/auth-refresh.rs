//! `POST /v1/auth/refresh`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::refresh::route())
}
