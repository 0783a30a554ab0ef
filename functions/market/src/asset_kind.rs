//! `PUT /v1/instruments/{isin}/asset-kind`: what a security is for tax, where the sources do not say or say otherwise.

use axum::extract::{Path, State};
use jiff::civil::Date;
use ledger::Isin;
use ledger::tax::AssetKind;
use serde::Serialize;
use serde_json::json;
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::{Reader, day, text};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};
use tokio_postgres::Row;
use utoipa::{PartialSchema, ToSchema};

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(asset_kind), Access::member(Permission::WritePortfolio))
}

shared::request! {
    /// What it is, and from when on.
    #[example({ "kind": "other_fund", "from": "2025-04-01" })]
    struct AssetKindRequest {
        /// A kind as `assetKind` of gains has it, or `stated` to leave it to the sources again.
        kind: Option<String> = kind(),
        /// Sales from this day on are of this kind, until a later one of yours; without it all of them.
        from: Option<Date> = day(),
    }
}

/// A kind, or `stated`.
fn kind() -> impl Reader<Value = Option<String>> {
    text(
        |kind| match serde_json::from_value::<AssetKind>(kind.into()) {
            _ if kind == "stated" => Ok(None),
            Ok(_) => Ok(Some(kind.to_owned())),
            Err(_) => {
                let known = "equity_fund, debt_fund, other_fund or balanced_fund";
                Err(format!("must be `stated` or a kind such as {known}"))
            }
        },
        || {
            let mut kinds = json!(AssetKind::schema())["enum"].take();
            if let Some(kinds) = kinds.as_array_mut() {
                kinds.push("stated".into());
            }
            json!({ "enum": kinds })
        },
    )
}

/// Before any sale; a day that a column can hold.
const ALWAYS: Date = jiff::civil::date(1, 1, 1);

/// What a security is for tax in the gains of this workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AssetKinds {
    isin: String,
    /// What the sources say; null when they do not.
    #[schema(value_type = Option<AssetKind>)]
    stated: Option<String>,
    /// What this workspace says, oldest first: it goes before what the sources say.
    kinds: Vec<KindFrom>,
}

/// A kind from a day on.
#[derive(Serialize, ToSchema)]
struct KindFrom {
    #[schema(value_type = AssetKind)]
    kind: String,
    /// Null from the beginning.
    from: Option<Date>,
}

/// Says what kind of asset a security is for tax, for this workspace alone: a hybrid or overseas fund that no list tells
/// of, say, and from when on, since a scheme may change. The gains follow by themselves.
#[utoipa::path(put, path = "/v1/instruments/{isin}/asset-kind", request_body = AssetKindRequest,
    params(("isin" = String, Path, description = "Of something this workspace holds or has traded.", example = "INF204KB14I2")),
    responses((status = 200, body = AssetKinds)))]
async fn asset_kind(
    State(app): State<App>,
    caller: Caller,
    Path(isin): Path<String>,
    Json(request): Json<AssetKindRequest>,
) -> Reply {
    let isin = Isin::parse(&isin).map_err(|_| Problem::new(NOT_FOUND))?.to_string();
    let from = request.from.unwrap_or(ALWAYS);
    let known = statement(
        "select from transactions.transactions where isin = $1
         union all select from imports.holdings where isin = $1
         union all select from imports.folio_units where isin = $1
         limit 1",
        [typed(&isin)],
    );
    let change = statement(
        include_str!("asset_kind/change.sql"),
        [typed(&isin), typed(&from), typed(&request.kind)],
    );
    let (tx, [known, _]) = app.db().enter(&caller, [known, change]).await?;
    if known.is_empty() {
        return Err(Problem::new(NOT_FOUND));
    }
    let detail = json!({ "kind": request.kind, "from": request.from });
    let audit = statement(
        "select tenant.audit('asset_kind.changed', $1, $2)",
        [typed(&isin), typed(&detail)],
    );
    let now = statement(
        "select k.kind, k.from_on, coalesce(i.asset_kind, case when i.class = 'equity' then 'listed_share' end) as stated
         from (select $1::text as isin) asked
         left join market.instruments i on i.isin = asked.isin
         left join market.asset_kinds k on k.isin = asked.isin
         order by k.from_on",
        [typed(&isin)],
    );
    let [_, rows] = tx.commit([audit, now]).await?;
    let stated = rows.first().and_then(|row| row.get("stated"));
    let kinds = rows.iter().filter_map(kind_from).collect();
    shared::http::ok(AssetKinds { isin, stated, kinds })
}

fn kind_from(row: &Row) -> Option<KindFrom> {
    let from: Option<Date> = row.get("from_on");
    Some(KindFrom {
        kind: row.get::<_, Option<String>>("kind")?,
        from: from.filter(|from| *from != ALWAYS),
    })
}
