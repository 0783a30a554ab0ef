//! `POST /v1/portfolio/uploads`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::upload::route())
}
