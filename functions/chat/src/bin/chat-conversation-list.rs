//! `GET /v1/chat/conversations`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::conversation_list::route())
}
