//! `POST /v1/workspaces/{workspaceId}/transfer`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::transfer::route())
}
