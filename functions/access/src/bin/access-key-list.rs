//! `GET /v1/api-keys`.

fn main() -> shared::Outcome {
    shared::http::serve(access::key_list::route())
}
