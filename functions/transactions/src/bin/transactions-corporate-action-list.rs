//! `GET /v1/corporate-actions`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::corporate_action_list::route())
}
