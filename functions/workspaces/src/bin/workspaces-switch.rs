//! `POST /v1/workspaces/{workspaceId}/token`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::switch::route())
}
