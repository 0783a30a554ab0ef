//! What a caller sends: a form with a file, or JSON with the file in base64.

use std::borrow::Cow;

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::fields::{self, Fields};
use shared::http::{Body, media_type};
use shared::problem::reasons;
use shared::request::{Reader, choice, flag, id, printable, text};
use shared::{App, Problem};
use stores::fields::permanent_account_number;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

shared::request! {
    /// How a file is to be taken.
    pub(crate) struct Options {
        /// The account it is of; needed unless the file or `clientId` names the client.
        account_id: Option<Uuid> = id(),
        /// The broker's id of the client, to begin an account with a file that does not name it.
        client_id: Option<String> = word(),
        /// The broker, with `clientId`, for the template: `zerodha`, `groww`, …
        broker: Option<String> = word(),
        /// Of a consolidated statement with several demat accounts the one to read: the depository's id.
        demat_id: Option<String> = word(),
        /// Of a consolidated statement with folios of several people whose to read: their permanent account number.
        holder: Option<String> = permanent_account_number(),
        /// What to call a new account.
        label: Option<String> = printable(200),
        /// `replace` takes the file as complete for its segments, `merge` touches only what is in it.
        mode: Mode = choice(MODES) => "replace",
        /// `true` to see what would change and change nothing.
        dry_run: bool = flag() => false,
    }
}

/// What becomes of holdings that a file does not list.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Replace,
    Merge,
}

const MODES: [(&str, Mode); 2] = [("replace", Mode::Replace), ("merge", Mode::Merge)];

shared::request! {
    /// The same as JSON.
    #[example({
        "fileName": "holdings.csv",
        "content": "aXNpbixzeW1ib2wsbmFtZSxzZWdtZW50LHF1YW50aXR5LHQxX3F1YW50aXR5LHBsZWRnZWRfcXVhbnRpdHksZGlzY3JlcGFudF9xdWFudGl0eSxhdmVyYWdlX3ByaWNlLGludmVzdGVkLGFzX29mCklORTAwMkEwMTAxOCxSRUxJQU5DRSxSZWxpYW5jZSBJbmR1c3RyaWVzLGVxdWl0eSwxMCwsLCwyNDUwLjUwLCwyMDI2LTExLTIwCg==",
        "broker": "zerodha", "clientId": "DEMO02", "dryRun": true
    })]
    pub(super) struct ImportJson {
        /// The file in base64.
        content: Vec<u8> = base64(),
        /// Its name: some brokers say only there whose it is.
        file_name: Option<String> = printable(200),
        ..options: Options,
    }
}

/// The form.
pub(super) struct ImportForm;

impl PartialSchema for ImportForm {
    fn schema() -> RefOr<Schema> {
        let file = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The file as the broker gives it."));
        let mut schema = shared::request::form_schema::<Options>();
        if let RefOr::T(Schema::Object(form)) = &mut schema {
            form.properties.insert("file".to_owned(), RefOr::T(file.into()));
            form.required.push("file".to_owned());
        }
        schema
    }
}

impl ToSchema for ImportForm {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ImportForm")
    }
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

impl Options {
    /// The request that they and a file are.
    pub(crate) fn of(self, file: Bytes, file_name: Option<String>) -> ImportRequest {
        ImportRequest {
            file_sha256: shared::crypto::sha256(&file),
            file,
            file_name,
            account_id: self.account_id,
            client_id: self.client_id,
            broker: self.broker.map(|broker| broker.to_lowercase()),
            demat_id: self.demat_id,
            holder: self.holder,
            label: self.label,
            replace: self.mode == Mode::Replace,
            dry_run: self.dry_run,
        }
    }
}

/// Letters and digits.
fn word() -> impl Reader<Value = String> {
    text(
        |text| {
            let good = (1..=40).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let message = || "must have 1 to 40 letters and digits".to_owned();
            good.then(|| text.to_owned()).ok_or_else(message)
        },
        || json!({ "pattern": "^[A-Za-z0-9_]{1,40}$" }),
    )
}

/// Bytes in base64.
fn base64() -> impl Reader<Value = Vec<u8>> {
    text(
        |content| BASE64_STANDARD.decode(content).map_err(|_| "must be base64".to_owned()),
        || {
            let whole = "([A-Za-z0-9+/]{4})*";
            let last = "([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?";
            json!({ "contentEncoding": "base64", "pattern": format!("^{whole}{last}$") })
        },
    )
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
            "application/json" => json_body(request, app, query).await,
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
            file_name = field.file_name().and_then(|name| fields::printable(name, 1..=200).ok());
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

async fn json_body(
    request: Request,
    app: &App,
    pairs: Vec<(String, String)>,
) -> Result<ImportRequest, Problem> {
    let Body(body) = Body::from_request(request, app).await?;
    let Ok(Value::Object(object)) = serde_json::from_slice(&body) else {
        return Err(Problem::new(reasons::MALFORMED_JSON));
    };
    let request: ImportJson = Fields::from_json(object).and_pairs(pairs).read()?;
    Ok(request.options.of(request.content.into(), request.file_name))
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
