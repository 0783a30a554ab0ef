//! `POST /v1/api-keys/{keyId}/rotate`.

fn main() -> shared::Outcome {
    shared::http::serve(access::key_rotate::route())
}
