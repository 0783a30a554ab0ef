//! `DELETE /v1/query/certified/{certifiedId}`.

fn main() -> shared::Outcome {
    shared::http::serve(query::certified_delete::route())
}
