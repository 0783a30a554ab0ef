//! `GET /v1/portfolio/uploads/{uploadId}`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::upload_get::route())
}
