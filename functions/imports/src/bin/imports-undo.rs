//! `DELETE /v1/portfolio/imports/{importId}`.

fn main() -> shared::Outcome {
    shared::http::serve(imports::undo::route())
}
