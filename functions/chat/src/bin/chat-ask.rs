//! `POST /v1/chat/query`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::ask::route())
}
