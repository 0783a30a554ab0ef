//! `POST /v1/portfolio/exports`: everything of a portfolio as CSV files in a zip, to take elsewhere.

mod tables;

use std::io::{Cursor, Write};
use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Json, Reply, Route};
use shared::limits::Limit;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Timestamp, clock, typed};
use stores::health::{self, Health};
use utoipa::ToSchema;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use tables::TABLES;

/// How long the link is good for.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// Exports of one person.
const PER_PERSON: Limit = Limit { name: "portfolio-export", most: 10, window_s: 3600 };

/// For any member: it is what they can read.
pub fn route() -> Route {
    Route::new(routes!(export), Access::member(Permission::ReadPortfolio))
}

/// Nothing is asked for but the export.
#[derive(ToSchema)]
#[schema(as = PortfolioExportRequest, example = json!({}))]
struct ExportRequest {}

/// Where the export is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PortfolioExport)]
struct Export {
    /// A zip; whoever has the link can download it.
    url: String,
    expires_at: Timestamp,
    /// The files in it, with how many rows each has.
    files: Vec<ExportedFile>,
    /// How fresh each of the accounts is.
    accounts: Vec<Health>,
}

/// A CSV file of an export.
#[derive(Serialize, ToSchema)]
struct ExportedFile {
    name: String,
    rows: usize,
}

/// Puts everything of the workspace's portfolio into CSV files: accounts, with what they are linked to; transactions of each
/// account, and its holdings by the day they were stated on, in the layouts that an import reads; what is in folios; brokers'
/// own reports of gains; what securities are said to be for tax; contracts; days, and the days of each account.
#[utoipa::path(post, path = "/v1/portfolio/exports", request_body = ExportRequest,
    responses((status = 201, body = Export)))]
async fn export(State(app): State<App>, caller: Caller, _: Json<Nothing>) -> Reply {
    let (session, now) = (caller.session()?, clock::now());
    // Who may not is not counted.
    app.db().read(&caller, []).await?;
    PER_PERSON.take(&app, &session.user_id.to_string(), now).await?;
    let detail = json!({});
    let audit = statement(
        "select tenant.audit('portfolio.exported', current_setting('app.workspace_id'), $1)",
        [typed(&detail)],
    );
    let [one, two, three, four, five, six, seven, eight, nine] =
        TABLES.map(|table| statement(table.sql, []));
    let statements = [audit, health::all(), one, two, three, four, five, six, seven, eight, nine];
    // Read as of one moment, with the entry that says so.
    let (tx, [_, healths, tables @ ..]) = app.db().enter(&caller, statements).await?;
    tx.commit([]).await?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut files = Vec::new();
    for (table, rows) in TABLES.iter().zip(&tables) {
        for (name, content, rows) in table.files(rows) {
            zip.start_file(&name, SimpleFileOptions::default()).map_err(Problem::internal)?;
            zip.write_all(content.as_bytes()).map_err(Problem::internal)?;
            files.push(ExportedFile { name, rows });
        }
    }
    let zipped = zip.finish().map_err(Problem::internal)?.into_inner();
    // Under the prefix whose objects are deleted after some days.
    let key = format!("exports/portfolio/{}.zip", Uuid::now_v7());
    files::put(&app, &key, "application/zip", zipped).await?;
    let url = files::link(&app, &key, GOOD_FOR).await?;
    let seconds = i64::try_from(GOOD_FOR.as_secs()).unwrap_or_default();
    let expires_at = clock::later(now, seconds);
    let accounts = Health::read_all(&healths);
    let export = Export { url: url.expose().to_owned(), expires_at, files, accounts };
    shared::http::json(StatusCode::CREATED, &export)
}
