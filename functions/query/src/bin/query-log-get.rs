//! `GET /v1/query/queries/{queryId}`.

fn main() -> shared::Outcome {
    shared::http::serve(query::log_get::route())
}
