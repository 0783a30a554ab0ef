//! `GET /v1/portfolio/import/template`: the layout for every broker without one of its own.

use axum::response::IntoResponse;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use shared::Access;
use shared::http::{Query, Reply, Route};
use shared::request::choice;
use shared::routes;

/// For anyone: it is the same for all.
pub fn route() -> Route {
    Route::new(routes!(template), Access::Public)
}

shared::request! {
    /// Which template.
    struct TemplateQuery {
        /// What it is a template of.
        of_transactions as "of": bool = choice([("holdings", false), ("transactions", true)]) => "holdings",
    }
}

/// An empty CSV file with KiteMate's own columns. Of `holdings` one row each: `isin` (or `symbol`),
/// `segment` (`equity` or `mutual_fund`), `quantity` free to sell, `average_price` or `invested`,
/// and `as_of`, the same day in every row. Of `transactions` one row per event, of any kind; what a kind needs is said
/// by the import. A `reference` makes it the same event in two files.
#[utoipa::path(get, path = "/v1/portfolio/import/template",
    params(TemplateQuery),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn template(Query(query): Query<TemplateQuery>) -> Reply {
    let (name, file) = match query.of_transactions {
        true => ("kitemate-transactions.csv", statements::events_template_csv()),
        false => ("kitemate-holdings.csv", statements::template_csv()),
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, file).into_response())
}
