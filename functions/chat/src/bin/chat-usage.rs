//! `GET /v1/chat/usage`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::usage::route())
}
