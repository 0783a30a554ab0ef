//! What a caller sends: a form with a file, or JSON with the file in base64.

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::fields::{Fields, FromFields, printable};
use shared::http::{Body, media_type};
use shared::problem::reasons;
use shared::{App, Problem};
use statements::permanent_account_number;
use utoipa::ToSchema;
use uuid::Uuid;

/// The form.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what ImportRequest reads")]
pub(super) struct ImportForm {
    /// The file as the broker gives it.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The account it is of; needed unless the file or `clientId` names the client.
    account_id: Option<Uuid>,
    /// The broker's id of the client, to begin an account with a file that does not name it.
    client_id: Option<String>,
    /// The broker, with `clientId`, for the template: `zerodha`, `groww`, …
    broker: Option<String>,
    /// Of a consolidated statement with several demat accounts the one to read: the depository's id.
    demat_id: Option<String>,
    /// Of a consolidated statement with folios of several people whose to read: their permanent account number.
    holder: Option<String>,
    /// What to call a new account.
    label: Option<String>,
    /// `replace` (default) or `merge`.
    mode: Option<String>,
    /// `true` to see what would change and change nothing.
    dry_run: Option<bool>,
}

/// The same as JSON.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "fileName": "holdings.csv",
    "content": "aXNpbixzeW1ib2wsbmFtZSxzZWdtZW50LHF1YW50aXR5LHQxX3F1YW50aXR5LHBsZWRnZWRfcXVhbnRpdHksZGlzY3JlcGFudF9xdWFudGl0eSxhdmVyYWdlX3ByaWNlLGludmVzdGVkLGFzX29mCklORTAwMkEwMTAxOCxSRUxJQU5DRSxSZWxpYW5jZSBJbmR1c3RyaWVzLGVxdWl0eSwxMCwsLCwyNDUwLjUwLCwyMDI2LTExLTIwCg==",
    "broker": "zerodha", "clientId": "DEMO02", "dryRun": true
}))]
#[expect(dead_code, reason = "documents what ImportRequest reads")]
pub(super) struct ImportJson {
    /// The file in base64.
    content: String,
    /// Its name, for the record.
    file_name: Option<String>,
    /// As in the form.
    account_id: Option<Uuid>,
    /// As in the form.
    client_id: Option<String>,
    /// As in the form.
    broker: Option<String>,
    /// As in the form.
    demat_id: Option<String>,
    /// As in the form.
    holder: Option<String>,
    /// As in the form.
    label: Option<String>,
    /// As in the form.
    mode: Option<String>,
    /// As in the form.
    dry_run: Option<bool>,
}

/// A request that is in order; an upload keeps it until the file is there.
#[derive(Serialize, Deserialize)]
pub(crate) struct ImportRequest {
    #[serde(skip)]
    pub(super) file: Bytes,
    pub(super) file_name: Option<String>,
    #[serde(skip)]
    pub(super) file_sha256: Vec<u8>,
    pub(super) account_id: Option<Uuid>,
    pub(super) client_id: Option<String>,
    pub(super) broker: Option<String>,
    pub(super) demat_id: Option<String>,
    // An upload of before may wait without it.
    #[serde(default)]
    pub(super) holder: Option<String>,
    pub(super) label: Option<String>,
    pub(super) replace: bool,
    pub(crate) dry_run: bool,
}

impl ImportRequest {
    /// The same with the file that was awaited.
    pub(crate) fn with(self, file: Vec<u8>) -> Self {
        Self { file_sha256: shared::crypto::sha256(&file), file: file.into(), ..self }
    }

    /// What makes it the same request: not the form's boundary, which differs each time.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let told = (
            &self.account_id,
            &self.client_id,
            &self.broker,
            &self.demat_id,
            &self.holder,
            &self.label,
            self.replace,
            self.dry_run,
            // Of some layouts the name says whose it is.
            &self.file_name,
        );
        [self.file_sha256.as_slice(), format!("{told:?}").as_bytes()].concat()
    }
}

/// The fields beside the file.
pub(crate) struct Options {
    account_id: Option<Uuid>,
    client_id: Option<String>,
    broker: Option<String>,
    demat_id: Option<String>,
    holder: Option<String>,
    label: Option<String>,
    replace: bool,
    dry_run: bool,
    pub(crate) file_name: Option<String>,
    content: Option<Vec<u8>>,
}

impl FromFields for Options {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let account_id = fields.optional_id("accountId");
        let client_id = fields.optional("clientId", word);
        let broker =
            fields.optional("broker", |broker| word(broker).map(|broker| broker.to_lowercase()));
        let demat_id = fields.optional("dematId", word);
        let holder = fields.optional("holder", |number| {
            let read = permanent_account_number(number);
            read.ok_or_else(|| "must be a permanent account number, as ABCDE1234F".to_owned())
        });
        let label = fields.optional("label", text);
        let replace = fields.optional("mode", |mode| match mode {
            "replace" => Ok(true),
            "merge" => Ok(false),
            _ => Err("must be `replace` or `merge`".to_owned()),
        });
        let dry_run = fields.flag("dryRun");
        let file_name = fields.optional("fileName", text);
        let content = fields.optional("content", |content| {
            BASE64_STANDARD.decode(content).map_err(|_| "must be base64".to_owned())
        });
        Some(Self {
            account_id: account_id?,
            client_id: client_id?,
            broker: broker?,
            demat_id: demat_id?,
            holder: holder?,
            label: label?,
            replace: replace?.unwrap_or(true),
            dry_run: dry_run?,
            file_name: file_name?,
            content: content?,
        })
    }
}

impl Options {
    /// The request that they and a file are.
    pub(crate) fn of(self, file: Bytes, file_name: Option<String>) -> ImportRequest {
        ImportRequest {
            file_sha256: shared::crypto::sha256(&file),
            file,
            file_name,
            account_id: self.account_id,
            client_id: self.client_id,
            broker: self.broker,
            demat_id: self.demat_id,
            holder: self.holder,
            label: self.label,
            replace: self.replace,
            dry_run: self.dry_run,
        }
    }
}

fn word(text: &str) -> Result<String, String> {
    let good = (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if good { Ok(text.to_owned()) } else { Err("must have 1 to 40 letters and digits".into()) }
}

fn text(text: &str) -> Result<String, String> {
    printable(text, 200)
}

impl FromRequest<App> for ImportRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let query =
            axum::extract::Query::<Vec<(String, String)>>::from_request_parts(&mut parts, app)
                .await;
        let query =
            query.map_err(|_| Problem::field("query", "the query string is not well-formed"))?.0;
        let request = Request::from_parts(parts, body);
        match media_type(request.headers()).as_str() {
            "multipart/form-data" => form(request, app, query).await,
            "application/json" => json(request, app, query).await,
            _ => Err(Problem::new(reasons::CONTENT_TYPE)
                .with("accepted", ["multipart/form-data", "application/json"])),
        }
    }
}

async fn form(
    request: Request,
    app: &App,
    mut pairs: Vec<(String, String)>,
) -> Result<ImportRequest, Problem> {
    let mut form = Multipart::from_request(request, app).await.map_err(|_| malformed())?;
    let (mut file, mut file_name) = (None, None);
    while let Some(field) = form.next_field().await.map_err(interrupted)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if file.is_some() {
                return Err(Problem::field(
                    "file",
                    "is given more than once; send one file at a time",
                ));
            }
            file_name = field.file_name().map(str::to_owned).filter(|name| text(name).is_ok());
            file = Some(field.bytes().await.map_err(interrupted)?);
        } else {
            pairs.push((name, field.text().await.map_err(interrupted)?));
        }
    }
    let options: Options = Fields::from_pairs(pairs).read()?;
    let file = file.ok_or_else(|| {
        Problem::field("file", "is required: the statement as the broker gives it")
    })?;
    Ok(options.of(file, file_name))
}

async fn json(
    request: Request,
    app: &App,
    pairs: Vec<(String, String)>,
) -> Result<ImportRequest, Problem> {
    let Body(body) = Body::from_request(request, app).await?;
    let Ok(Value::Object(object)) = serde_json::from_slice(&body) else {
        return Err(Problem::new(reasons::MALFORMED_JSON));
    };
    let mut options: Options = Fields::from_json(object).and_pairs(pairs).read()?;
    let content = options.content.take();
    let content =
        content.ok_or_else(|| Problem::field("content", "is required: the file in base64"))?;
    let file_name = options.file_name.take();
    Ok(options.of(content.into(), file_name))
}

fn malformed() -> Problem {
    Problem::new(reasons::INVALID)
        .detail("The form is not well-formed; its Content-Type must name its boundary.")
}

fn interrupted(err: axum::extract::multipart::MultipartError) -> Problem {
    match err.status() {
        http::StatusCode::PAYLOAD_TOO_LARGE => Problem::new(reasons::TOO_LARGE),
        _ => malformed(),
    }
}
