//! `GET /v1/audit`.

fn main() -> shared::Outcome {
    shared::http::serve(access::audit_list::route())
}
