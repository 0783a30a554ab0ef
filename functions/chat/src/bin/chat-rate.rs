//! `POST /v1/chat/turns/{turnId}/rating`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::rate::route())
}
