//! Facts, and the queues that want them.
//!
//! A fact is written to the outbox in the transaction that makes it true, sent after the commit,
//! and marked. Whatever was not sent is sent by the relay, `platform-outbox`. Messages carry ids,
//! never contents; consumers claim the event's id in the transaction of their effect.

use std::collections::HashMap;

use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use futures_util::future::join_all;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::config::BadSetting;
use crate::db::{Statement, statement};
use crate::{App, Config, Problem, Timestamp, telemetry, typed};

listed! {
    /// A queue of this deployment.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Queue {
        /// `auth-export-run`: what is held about a person.
        Export,
        /// `notifications-mail`: mails to people.
        Mail,
        /// `portfolio-snapshot`: a workspace's totals and the day's snapshot.
        Snapshot,
        /// `brokers-sync-account`: one account.
        SyncAccount,
    }
}

/// What one SendMessageBatch carries at most.
const MOST_PER_BATCH: usize = 10;
/// Batches on their way at a time.
const AT_ONCE: usize = 8;

impl Queue {
    /// What its name ends with in every deployment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Mail => "mail",
            Self::Snapshot => "snapshot",
            Self::SyncAccount => "sync-account",
        }
    }

    /// Its URL: the setting `QUEUES_URL`, which ends with the deployment's name, and its own.
    pub fn url(self, config: &Config) -> Result<String, BadSetting> {
        Ok(format!("{}-{}", config.need("QUEUES_URL")?, self.name()))
    }
}

/// A typed fact.
pub trait Event: Serialize + DeserializeOwned {
    /// Its stable name.
    const NAME: &'static str;
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($text:literal, [$($queue:ident),*]) { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Event for $name {
            const NAME: &'static str = $text;
        })*

        /// The queues that want an event; empty for a name nobody knows.
        pub fn wanted_by(event: &str) -> &'static [Queue] {
            match event {
                $($text => &[$(Queue::$queue),*],)*
                _ => &[],
            }
        }
    };
}

events! {
    /// Someone asked to register; a mail with a code, or a hint, is due.
    RegistrationRequested("registration.requested", [Mail]) {
        /// The registration.
        registration_id: Uuid,
    }
    /// Someone forgot a password; a mail with a code is due, if they have an account.
    PasswordResetRequested("password.reset_requested", [Mail]) {
        /// The reset.
        reset_id: Uuid,
    }
    /// A member invited somebody; a mail with a token is due.
    MemberInvited("member.invited", [Mail]) {
        /// The invitation.
        invitation_id: Uuid,
    }
    /// A person wants to know what is held about them.
    ExportRequested("export.requested", [Export]) {
        /// The export.
        export_id: Uuid,
    }
    /// A statement was imported and changed the account's holdings.
    StatementImported("statement.imported", [Snapshot]) {
        /// The import.
        import_id: Uuid,
        /// The account.
        account_id: Uuid,
    }
    /// An account was deleted with everything in it.
    AccountDeleted("account.deleted", [Snapshot]) {
        /// The account.
        account_id: Uuid,
    }
    /// An event of the ledger was entered, corrected or removed by hand.
    TransactionChanged("transaction.changed", [Snapshot]) {
        /// The event of the ledger.
        transaction_id: Uuid,
        /// Its account.
        account_id: Uuid,
    }
    /// An account is to be read from its broker.
    AccountRefreshDue("account.refresh_due", [SyncAccount]) {
        /// The account.
        account_id: Uuid,
        /// How often it was put off because the broker was down.
        #[serde(default)]
        put_off: u32,
        /// Nothing is due any more when it was read at this time or later: an earlier run's event came first.
        #[serde(default)]
        unless_read_since: Option<Timestamp>,
    }
    /// An account was read from its broker.
    AccountSynced("account.synced", [Snapshot]) {
        /// The account.
        account_id: Uuid,
    }
    /// New prices of a day are there: the workspace is to be valued by them.
    RevaluationDue("portfolio.revaluation_due", [Snapshot]) {
        /// The day whose prices they are.
        day: Date,
        /// Whether they are its last ones.
        seal: bool,
    }
    /// A file was asked for that is put into the bucket: S3 itself tells the queue of it.
    UploadAwaited("upload.awaited", []) {
        /// The upload.
        upload_id: Uuid,
    }
    /// A day's figures of a workspace are there, at its first or at its last prices.
    PortfolioRefreshed("portfolio.refreshed", []) {
        /// The day.
        day: Date,
        /// Whether they are its last ones.
        sealed: bool,
    }
}

/// An event as a message carries it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Unique for ever; what consumers claim.
    pub event_id: Uuid,
    /// The event's name.
    pub event: String,
    /// The workspace it happened in; `None` before there is one.
    pub workspace_id: Option<Uuid>,
    /// The fact.
    pub body: Value,
    /// The trace it happened in, which a message carries beside its body.
    #[serde(skip)]
    pub trace: Option<String>,
}

impl Envelope {
    /// An event that happened in a workspace.
    pub fn new<E: Event>(workspace_id: Option<Uuid>, event: &E) -> Result<Self, Problem> {
        let body = serde_json::to_value(event).map_err(Problem::internal)?;
        let (event_id, event) = (Uuid::now_v7(), E::NAME.into());
        Ok(Self { event_id, event, workspace_id, body, trace: telemetry::trace() })
    }

    /// Writes it to the outbox, in the transaction of the fact.
    pub fn publish(&self) -> Statement<'_> {
        statement(
            // What no queue wants is as good as sent.
            "insert into shared.outbox (event_id, workspace_id, event, body, trace, sent_at)
             values ($1, $2, $3, $4, $5, case when $6 then now() end)",
            [
                typed(&self.event_id),
                typed(&self.workspace_id),
                typed(&self.event),
                typed(&self.body),
                typed(&self.trace),
                typed(if self.is_wanted() { &false } else { &true }),
            ],
        )
    }

    /// Whether any queue wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        !wanted_by(&self.event).is_empty()
    }
}

// From a row of the outbox.
crate::from_row!(Envelope { event_id, event, workspace_id, body, trace });

/// Sends committed events and marks them; what could not be sent is logged and left to the relay.
pub async fn dispatch(app: &App, committed: &[Envelope]) {
    if let Err(problem) = send(app, committed).await {
        tracing::warn!(
            cause = problem.cause().map(tracing::field::debug),
            "events are left to the outbox relay"
        );
    }
}

/// Marks events as sent. A failure is logged as an error; the relay then sends the events once more.
async fn mark(app: &App, sent: &[Uuid]) -> Result<(), Problem> {
    if sent.is_empty() {
        return Ok(());
    }
    let marked = app.db().query("select tenant.mark_sent($1)", [typed(&sent)]).await;
    marked.map(drop).map_err(|err| {
        tracing::error!(cause = %err, events = sent.len(), "events were sent and could not be marked");
        err.into()
    })
}

/// Sends events to every queue that wants them, then marks those that all of theirs took.
///
/// A queue that fails does not keep the others from theirs; its failure is answered at the end.
pub async fn send(app: &App, committed: &[Envelope]) -> Result<usize, Problem> {
    let mut taken = Vec::with_capacity(committed.len());
    let mut failure = None;
    for queue in Queue::ALL {
        let wanted: Vec<&Envelope> = committed
            .iter()
            .filter(|envelope| wanted_by(&envelope.event).contains(&queue))
            .collect();
        let batches: Vec<&[&Envelope]> = wanted.chunks(MOST_PER_BATCH).collect();
        for together in batches.chunks(AT_ONCE) {
            let mut sending = Vec::with_capacity(together.len());
            for batch in together {
                sending.push(send_batch(app, queue, batch));
            }
            for answer in join_all(sending).await {
                match answer {
                    Ok(ids) => taken.extend(ids),
                    Err(problem) => failure = Some(problem),
                }
            }
        }
    }
    let by_all = |envelope: &&Envelope| {
        let took = taken.iter().filter(|id| **id == envelope.event_id).count();
        took == wanted_by(&envelope.event).len()
    };
    let sent: Vec<Uuid> =
        committed.iter().filter(by_all).map(|envelope| envelope.event_id).collect();
    mark(app, &sent).await?;
    failure.map_or(Ok(sent.len()), Err)
}

/// What a schedule found to publish, and what of it was not published before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Rows of all pages.
    pub found: usize,
    /// Events among them that are new.
    pub published: usize,
}

impl Published {
    /// How long the next page may be, so that not more than so many are published; `None` when they are.
    pub fn next_page(&self, longest: usize, most: usize) -> Option<i32> {
        let left = most.saturating_sub(self.published).min(longest);
        i32::try_from(left).ok().filter(|left| *left > 0)
    }

    /// Sends what a page has published. A row without an event was published by an earlier run.
    pub async fn send_page(&mut self, app: &App, rows: &[Row]) {
        let is_new = |row: &&Row| row.get::<_, Option<&str>>("event").is_some();
        let fresh: Vec<Envelope> = rows.iter().filter(is_new).map(Envelope::from).collect();
        self.found += rows.len();
        self.published += fresh.len();
        dispatch(app, &fresh).await;
    }
}

/// Sends an event to a queue again, to be delivered after some seconds: waiting for a turn is no failure.
pub(crate) async fn send_later(
    app: &App,
    queue: Queue,
    envelope: &Envelope,
    seconds: i32,
) -> Result<(), Problem> {
    let url = queue.url(app.config())?;
    let message = app.aws().sqs().send_message().queue_url(url).delay_seconds(seconds);
    let attributes = envelope.trace.as_deref().map(traced);
    let group = envelope.workspace_id.map(|workspace| workspace.simple().to_string());
    let message = message
        .message_body(json!(envelope).to_string())
        .set_message_system_attributes(attributes)
        .set_message_group_id(group);
    message.send().await.map(drop).map_err(Problem::unavailable)
}

/// The system attribute by which X-Ray follows a message.
fn traced(trace: &str) -> HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue> {
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace);
    let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
    value.build().into_iter().map(|value| (name.clone(), value)).collect()
}

/// Sends up to ten events to one queue and answers the ids of those it took.
async fn send_batch(app: &App, queue: Queue, batch: &[&Envelope]) -> Result<Vec<Uuid>, Problem> {
    use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;
    let mut entries = Vec::with_capacity(batch.len());
    for envelope in batch {
        let entry = Entry::builder()
            .id(envelope.event_id.simple().to_string())
            .message_body(json!(envelope).to_string())
            .set_message_system_attributes(envelope.trace.as_deref().map(traced))
            .set_message_group_id(
                envelope.workspace_id.map(|workspace| workspace.simple().to_string()),
            )
            .build()
            .map_err(Problem::internal)?;
        entries.push(entry);
    }
    let url = queue.url(app.config())?;
    let answer =
        app.aws().sqs().send_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
    let answer = answer.map_err(Problem::unavailable)?;
    for failure in answer.failed() {
        tracing::warn!(event_id = failure.id(), code = failure.code(), "a queue refused an event");
    }
    Ok(answer.successful().iter().filter_map(|taken| Uuid::parse_str(taken.id()).ok()).collect())
}
