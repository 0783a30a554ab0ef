//! `POST /v1/chat/stream`.

fn main() -> shared::Outcome {
    shared::http::serve_streaming(chat::stream::route())
}
