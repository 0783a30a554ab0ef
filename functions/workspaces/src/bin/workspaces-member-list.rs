//! `GET /v1/workspaces/{workspaceId}/members`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::member_list::route())
}
