//! `POST /v1/query/validate`.

fn main() -> shared::Outcome {
    shared::http::serve(query::validate::route())
}
