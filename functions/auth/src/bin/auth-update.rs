//! `PATCH /v1/auth/me`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::update::route())
}
