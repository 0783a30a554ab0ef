//! `POST /v1/invitations/accept`.

fn main() -> shared::Outcome {
    shared::http::serve(workspaces::member_accept::route())
}
