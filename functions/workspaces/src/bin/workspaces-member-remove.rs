//! `DELETE /v1/workspaces/{workspaceId}/members/{userId}`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::member_remove::route())
}
