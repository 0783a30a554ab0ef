//! `DELETE /v1/auth/me`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::erase::route())
}
