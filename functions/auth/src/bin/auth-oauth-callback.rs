//! `POST /v1/auth/oauth/{provider}/callback`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::oauth_callback::route())
}
