//! `GET /docs/{file}`.

fn main() -> shared::Outcome {
    shared::http::serve(platform::docs_file::route())
}
