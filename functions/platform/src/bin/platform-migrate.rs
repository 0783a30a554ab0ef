//! Runs at deployment: migrations, then the signing key.

fn main() -> shared::Outcome {
    shared::schedule::run(platform::migrate::schedule())
}
