//! `DELETE /v1/api-keys/{keyId}`.

fn main() -> shared::Outcome {
    shared::http::serve(access::key_revoke::route())
}
