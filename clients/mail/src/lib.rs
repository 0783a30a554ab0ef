//! Sends mail through Amazon SES.
#![warn(missing_docs)]

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::ProvideErrorMetadata;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use shared::App;
use shared::config::BadSetting;

/// A mail in plain text.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who it is for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: shared::Secret,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings do not say who sends it.
    #[error(transparent)]
    Settings(#[from] BadSetting),
    /// The message cannot be made.
    #[error("the mail cannot be written")]
    Malformed(#[from] aws_sdk_sesv2::error::BuildError),
    /// SES refused it or did not answer.
    #[error("SES did not take the mail: {code}")]
    NotSent {
        /// SES' code for why. Its message is left out: it quotes addresses.
        code: String,
    },
}

/// Sends a mail from the address in `MAIL_FROM`.
pub async fn send(app: &App, mail: &Mail) -> Result<(), MailError> {
    let from = app.config().need("MAIL_FROM")?;
    let content = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(content(mail.text.expose())?).build();
    let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
    app.client(Client::new)
        .send_email()
        .from_email_address(from)
        .destination(Destination::builder().to_addresses(&mail.to).build())
        .content(EmailContent::builder().simple(message).build())
        .send()
        .await
        .map_err(|err| MailError::NotSent { code: err.code().unwrap_or("no answer").to_owned() })?;
    Ok(())
}
