//! `GET /v1/query/certified`.

fn main() -> shared::Outcome {
    shared::http::serve(query::certified_list::route())
}
