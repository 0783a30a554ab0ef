//! `POST /v1/query/certified`.

fn main() -> shared::Outcome {
    shared::http::serve(query::certified_create::route())
}
