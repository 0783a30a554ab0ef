//! `POST /v1/query/execute`.

fn main() -> shared::Outcome {
    shared::http::serve(query::execute::route())
}
