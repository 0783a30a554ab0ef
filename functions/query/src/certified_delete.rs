//! `DELETE /v1/query/certified/{certifiedId}`: takes a certified question back.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, typed};

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(certified_delete), Access::member(Permission::WritePortfolio))
}

/// Takes a certified question back: it is understood like any other from then on.
#[utoipa::path(delete, path = "/v1/query/certified/{certifiedId}",
    params(("certifiedId" = Uuid, Path, description = "From the list of certified questions.")),
    responses((status = 204)))]
async fn certified_delete(
    State(db): State<Db>,
    caller: Caller,
    Id(certified): Id,
    _: Query<Nothing>,
) -> Reply {
    let delete = statement(
        "delete from query.certified where certified_id = $1 returning question",
        [typed(&certified)],
    );
    let (tx, [rows]) = db.enter(&caller, [delete]).await?;
    let Some(row) = rows.first() else { return Err(Problem::new(NOT_FOUND)) };
    let subject = certified.to_string();
    let detail = serde_json::json!({ "question": row.get::<_, String>("question") });
    let audit = "select tenant.audit('question.uncertified', $1, $2)";
    tx.commit([statement(audit, [typed(&subject), typed(&detail)])]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
