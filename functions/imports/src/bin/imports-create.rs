//! `POST /v1/portfolio/import`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::create::route())
}
