//! `GET /v1/query/schema`.

fn main() -> shared::Outcome {
    shared::http::serve(query::schema::route())
}
