//! `POST /v1/corporate-actions/apply`.

fn main() -> shared::Outcome {
    shared::http::serve(transactions::corporate_action_apply::route())
}
