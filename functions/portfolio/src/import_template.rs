//! `GET /v1/portfolio/import/template`: the layout for every broker without one of its own.

use axum::response::IntoResponse;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use shared::Access;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use utoipa_axum::routes;

/// For anyone: it is the same for all.
pub fn route() -> Route {
    Route::new(routes!(import_template), Access::Public)
}

/// An empty CSV file with KiteMate's own columns. One row per holding: `isin` (or `symbol`),
/// `segment` (`equity` or `mutual_fund`), `quantity` free to sell, `average_price` or `invested`,
/// and `as_of`, the same day in every row.
#[utoipa::path(get, path = "/v1/portfolio/import/template",
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn import_template(_: Query<Nothing>) -> Reply {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"kitemate-holdings.csv\""),
    ];
    Ok((headers, statements::template_csv()).into_response())
}
