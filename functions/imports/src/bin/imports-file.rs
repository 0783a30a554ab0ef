//! Queue `import-file`.

fn main() -> shared::Outcome {
    shared::queue::consume(imports::file::consumer())
}
