//! `GET /v1/workspaces`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::list::route())
}
