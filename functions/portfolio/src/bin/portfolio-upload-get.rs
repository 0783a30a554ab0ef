//! `GET /v1/portfolio/uploads/{uploadId}`.

fn main() -> shared::Outcome {
    shared::http::serve(portfolio::upload_get::route())
}
