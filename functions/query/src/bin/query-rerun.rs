//! `POST /v1/query/queries/{queryId}/rerun`.

fn main() -> shared::Outcome {
    shared::http::serve(query::rerun::route())
}
