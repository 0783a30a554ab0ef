//! `POST /v1/workspaces/{workspaceId}/leave`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::leave::route())
}
