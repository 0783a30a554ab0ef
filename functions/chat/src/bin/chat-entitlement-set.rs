//! `PUT /v1/chat/entitlements/{userId}`.

fn main() -> shared::Outcome {
    shared::http::serve(chat::entitlement_set::route())
}
