//! `GET /v1/query/queries`.

fn main() -> shared::Outcome {
    shared::http::serve(query::log_list::route())
}
