//! `GET /v1/corporate-actions`.

fn main() -> shared::Outcome {
    shared::http::serve(market::corporate_action_list::route())
}
