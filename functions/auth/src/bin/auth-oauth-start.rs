//! `POST /v1/auth/oauth/{provider}/start`.

fn main() -> shared::Outcome {
    shared::http::serve(auth::oauth_start::route())
}
