//! `PUT /v1/instruments/{isin}/asset-kind`.

fn main() -> shared::Outcome {
    shared::http::serve(market::asset_kind::route())
}
