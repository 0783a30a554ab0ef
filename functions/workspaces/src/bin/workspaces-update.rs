//! `PATCH /v1/workspaces/{workspaceId}`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::update::route())
}
