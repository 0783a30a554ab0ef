//! Queue `import-file`: imports a file that was put into the bucket by the link of an upload.
//!
//! S3 tells the queue of each new object under `uploads/`; who put it there, and how it is to be taken, the upload
//! itself knows. A file of holdings, or of some thousand events, is stored in one transaction; one of more in portions, from
//! the first day on, each with how far it came: what is cut off goes on from there.

use serde_json::Value;
use shared::db::statement;
use shared::events::UploadAwaited;
use shared::queue::{Consumer, Delivery};
use shared::{App, Code, Problem, Timestamp, typed};
use statements::Statement;
use stores::accounts;
use stores::instruments::by_symbols;
use uuid::Uuid;

use crate::create::request::ImportRequest;
use crate::create::{Keep, UnplacedImport, read, symbols_of};
use crate::{reasons, upload};

/// Consumes S3's notifications of created objects.
pub fn consumer() -> Consumer {
    Consumer::new(|app, body| Box::pin(all(app, body)))
}

async fn all(app: App, message: String) -> Result<(), Problem> {
    for (bucket, key) in files::created(&message)? {
        let id = upload::of_key(&key);
        let id = id.ok_or_else(|| Problem::internal(anyhow::anyhow!("no upload has this key")))?;
        // Its event was published, to no queue, when the link was made: by it the workspace is entered.
        let delivery = Delivery {
            event_id: id,
            name: "upload.awaited".into(),
            workspace_id: None,
            event: UploadAwaited { upload_id: id },
        };
        one(&app, &delivery, &bucket, &key).await?;
    }
    Ok(())
}

async fn one(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    bucket: &str,
    key: &str,
) -> Result<(), Problem> {
    let upload_id = delivery.event.upload_id;
    let begin = statement(
        "update imports.uploads set status = 'reading', changed_at = now()
         where upload_id = $1 and status in ('waiting', 'reading')
         returning workspace_id, user_id, request, created_at",
        [typed(&upload_id)],
    );
    let [found] = delivery.begin(app, [begin]).await?;
    let Some(row) = found.first() else {
        tracing::info!(%upload_id, "consumed before, nothing to do");
        return Ok(());
    };
    let upload = Upload {
        workspace: row.get("workspace_id"),
        person: row.get("user_id"),
        // A link is good for minutes: the file came then, however long it waited.
        came: row.get("created_at"),
    };
    let request: ImportRequest =
        serde_json::from_value(row.get::<_, Value>("request")).map_err(Problem::internal)?;
    let outcome = match files::get(app, bucket, key, upload::MOST_BYTES.unsigned_abs()).await? {
        files::Got::TooLarge => Err(Problem::new(reasons::FILE_TOO_LARGE)),
        files::Got::Missing => Err(Problem::new(reasons::UPLOAD_MISSING)),
        files::Got::File(file) => import(app, delivery, &upload, request.with(file)).await,
    };
    match outcome {
        Ok(None) => Ok(()),
        Ok(Some(report)) => settle(app, delivery, ("done", report)).await,
        Err(problem) if matches!(problem.reason().code, Code::Internal | Code::Unavailable) => {
            Err(problem)
        }
        Err(refusal) => {
            let document = refusal.document(&upload_id.to_string());
            settle(app, delivery, ("refused", document)).await
        }
    }
}

/// Who made an upload, where and when.
struct Upload {
    workspace: Uuid,
    person: Uuid,
    came: Timestamp,
}

/// Stores a file to its end; answers the report of a preview, which stores nothing.
async fn import(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    upload: &Upload,
    request: ImportRequest,
) -> Result<Option<Value>, Problem> {
    let parts = read(&request)?;
    let symbols = symbols_of(&parts);
    loop {
        let file = (&request, parts.as_slice(), symbols.as_slice());
        match portion(app, delivery, upload, file).await? {
            // Told of as it is stored: what becomes of the rest is not known.
            Portion::More => app.settle().await,
            Portion::Last(report) => return Ok(report.filter(|_| request.dry_run)),
        }
    }
}

/// What a transaction did of an import.
enum Portion {
    More,
    /// Nothing when another delivery was at it, too, and did the last.
    Last(Option<Value>),
}

async fn portion(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    upload: &Upload,
    (request, parts, symbols): (&ImportRequest, &[Statement], &[String]),
) -> Result<Portion, Problem> {
    let upload_id = delivery.event.upload_id;
    let own = shared::db::statement(
        "select progress from imports.uploads where upload_id = $1 and status = 'reading' for update",
        [typed(&upload_id)],
    );
    // What is stored is stored as by who made the upload, if they still may.
    let as_person = shared::db::statement(
        "select set_config('app.user_id', $1::text, true), tenant.may_write($1) as may",
        [typed(&upload.person)],
    );
    let symbols = symbols.to_vec();
    let first = [own, as_person, accounts::all(), accounts::links(), by_symbols(&symbols)];
    let (tx, [own, may, known @ ..]) = delivery.open(app, first).await?;
    let Some(own) = own.first() else {
        return Ok(Portion::Last(None));
    };
    if !may.first().is_some_and(|row| row.get("may")) {
        return Err(Problem::new(shared::problem::reasons::ROLE));
    }
    let Upload { workspace, came, .. } = *upload;
    let progress: Option<Value> = own.get("progress");
    let progress = progress.map(serde_json::from_value).transpose().map_err(Problem::internal)?;
    let keep = Keep::Upload(upload_id, progress.unwrap_or_default());
    let import = UnplacedImport { workspace, came, request, parts: parts.to_vec(), keep: &keep };
    Ok(match import.run(tx, &known).await? {
        Some(report) => Portion::Last(Some(report)),
        None => Portion::More,
    })
}

/// Says what came of it where nothing was stored.
async fn settle(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    (status, outcome): (&str, Value),
) -> Result<(), Problem> {
    let end = statement(
        "update imports.uploads set status = $2, outcome = $3, changed_at = now()
         where upload_id = $1 and status = 'reading'",
        [typed(&delivery.event.upload_id), typed(&status), typed(&outcome)],
    );
    delivery.begin(app, [end]).await.map(drop)
}
