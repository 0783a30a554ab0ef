//! `GET /v1/chat/suggestions`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::suggestions::route())
}
