//! `POST /v1/workspaces`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::create::route())
}
