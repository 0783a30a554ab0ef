//! `POST /v1/workspaces/{workspaceId}/invitations`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::member_invite::route())
}
