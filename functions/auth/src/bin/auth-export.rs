//! `POST /v1/auth/exports`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::export::route())
}
