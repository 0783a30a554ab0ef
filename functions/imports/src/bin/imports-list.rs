//! `GET /v1/portfolio/imports`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::list::route())
}
