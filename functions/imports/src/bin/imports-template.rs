//! `GET /v1/portfolio/import/template`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::template::route())
}
