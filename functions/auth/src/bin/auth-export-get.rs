//! `GET /v1/auth/exports/{exportId}`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::export_get::route())
}
