//! `DELETE /v1/chat/conversations/{conversationId}`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::conversation_delete::route())
}
