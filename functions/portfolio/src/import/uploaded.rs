//! Queue `import-file`: imports a file that was put into the bucket by the link of an upload.
//!
//! S3 tells the queue of each new object under `uploads/`; who put it there, and how it is to be taken, the upload
//! itself knows. The file is imported in one transaction, with the claim: what is cut off starts over from the file.

use serde_json::Value;
use shared::db::statement;
use shared::events::UploadAwaited;
use shared::queue::{Consumer, Delivery};
use shared::{App, Code, Problem, Timestamp, typed};
use stores::accounts;
use stores::instruments::by_symbols;
use uuid::Uuid;

use super::request::ImportRequest;
use super::{Coming, Keep, read, symbols_of};
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
        "update portfolio.uploads set status = 'reading', changed_at = now()
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
    let outcome = match files::get(app, bucket, key, upload::MOST_BYTES).await? {
        files::Got::TooLarge => Err(Problem::new(reasons::FILE_TOO_LARGE)),
        files::Got::Missing => Err(Problem::new(reasons::UPLOAD_MISSING)),
        files::Got::File(file) => import(app, delivery, &upload, request.with(file)).await,
    };
    match outcome {
        Ok(Outcome::Stored) => Ok(()),
        Ok(Outcome::Previewed(report)) => settle(app, delivery, ("done", report)).await,
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

enum Outcome {
    Stored,
    Previewed(Value),
}

async fn import(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    upload: &Upload,
    request: ImportRequest,
) -> Result<Outcome, Problem> {
    let parts = read(&request)?;
    let symbols = symbols_of(&parts);
    // What is stored is stored as by who made the upload, if they still may.
    let as_person = shared::db::statement(
        "select set_config('app.user_id', $1::text, true), tenant.may_write($1) as may",
        [typed(&upload.person)],
    );
    let first = [as_person, accounts::all(), accounts::links(), by_symbols(&symbols)];
    let Some((tx, [may, known @ ..])) = delivery.enter(app, first).await? else {
        return Ok(Outcome::Stored);
    };
    if !may.first().is_some_and(|row| row.get("may")) {
        tx.rollback().await?;
        return Err(Problem::new(shared::problem::reasons::ROLE));
    }
    let Upload { workspace, came, .. } = *upload;
    let keep = Keep::Upload(delivery.event.upload_id);
    let coming = Coming { app, workspace, came, request: &request, parts, keep: &keep };
    let report = coming.run(tx, &known).await?;
    Ok(if request.dry_run { Outcome::Previewed(report) } else { Outcome::Stored })
}

/// Says what came of it where nothing was stored.
async fn settle(
    app: &App,
    delivery: &Delivery<UploadAwaited>,
    (status, outcome): (&str, Value),
) -> Result<(), Problem> {
    let end = statement(
        "update portfolio.uploads set status = $2, outcome = $3, changed_at = now() where upload_id = $1",
        [typed(&delivery.event.upload_id), typed(&status), typed(&outcome)],
    );
    if let Some((tx, _)) = delivery.enter(app, [end]).await? {
        tx.commit([]).await?;
    }
    Ok(())
}
