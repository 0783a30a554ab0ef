//! `PUT /v1/chat/model`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::model_set::route())
}
