//! The demo workspace: made through the API, as a person would.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::web::{self, Answer};

/// The demo person's address.
pub const EMAIL: &str = "demo@kitemate.local";
/// Their password; this is a demo on one machine.
pub const PASSWORD: &str = "kitemate-demo";

/// Loads the example prices, and registers the demo person unless they are there already.
pub async fn seed(cloud: &Cloud, emulator_url: &str, examples: &std::path::Path) -> Result<()> {
    let mut files: Vec<_> =
        std::fs::read_dir(examples.join("prices"))?.filter_map(Result::ok).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        cloud
            .put_prices(&file.path())
            .await
            .with_context(|| format!("{}", file.path().display()))?;
    }
    let answer = log_in(&cloud.url).await?;
    let token = match answer.status {
        429 => {
            println!(
                "  the demo person signed in wrongly too often; they can again in some minutes, or after a reset"
            );
            return Ok(());
        }
        401 => register(cloud, emulator_url, EMAIL, PASSWORD).await?,
        _ => token(&answer)?,
    };
    wait_for_prices(cloud, &token).await
}

/// An access token of the demo person.
pub async fn sign_in(url: &str) -> Result<String> {
    token(&log_in(url).await?)
}

async fn log_in(url: &str) -> Result<Answer> {
    web::post(&format!("{url}/v1/auth/login"), &json!({ "email": EMAIL, "password": PASSWORD }))
        .await
}

/// Registers somebody, reads the code from the mail, and answers the access token.
pub async fn register(
    cloud: &Cloud,
    emulator_url: &str,
    email: &str,
    password: &str,
) -> Result<String> {
    let request = json!({ "email": email, "password": password, "name": "Demo" });
    let answer = web::post(&format!("{}/v1/auth/register", cloud.url), &request).await?;
    if answer.status != 202 {
        bail!("registering answered {}: {}", answer.status, answer.text());
    }
    let registration = answer.json()?["registrationId"].clone();
    let until = Instant::now() + Duration::from_secs(30);
    let code = loop {
        let codes = mails(emulator_url).await?;
        let code = codes
            .iter()
            .rev()
            .find(|mail| mail.to.iter().any(|to| to == email))
            .and_then(Mail::code);
        match code {
            Some(code) => break code,
            None if Instant::now() > until => {
                bail!("no mail with a code came; see notifications-mail.log")
            }
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let request = json!({ "registrationId": registration, "code": code });
    token(&web::post(&format!("{}/v1/auth/verify-email", cloud.url), &request).await?)
}

/// The token of an answer that opened a session.
fn token(answer: &Answer) -> Result<String> {
    if answer.status != 200 {
        bail!("no session was opened: {} {}", answer.status, answer.text());
    }
    Ok(answer.json()?["accessToken"].as_str().context("the answer has no accessToken")?.to_owned())
}

async fn wait_for_prices(cloud: &Cloud, token: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let request = http::Request::get(format!("{}/v1/instruments?q=INE002A01018", cloud.url))
            .header("authorization", format!("Bearer {token}"));
        let answer = web::send(request.body(bytes::Bytes::new())?).await?;
        let priced = answer.status == 200 && answer.json()?["items"][0]["price"].is_string();
        if priced {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("the example prices did not arrive; see market-prices-load.log");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A mail that would have been sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who it is for.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When.
    pub at: String,
}

impl Mail {
    /// The eight digits in it, if it has any.
    pub fn code(&self) -> Option<String> {
        let words = self.text.split(|letter: char| !letter.is_ascii_digit());
        words.filter(|word| word.len() == 8).map(str::to_owned).next()
    }
}

/// Every mail the emulator's SES took, oldest first.
pub async fn mails(emulator_url: &str) -> Result<Vec<Mail>> {
    let answer = web::get(&format!("{emulator_url}/_ministack/ses/messages")).await?.json()?;
    let all = answer["messages"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, mails)| mails.as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mail = |mail: &Value| Mail {
        to: mail["To"].as_array().into_iter().flatten().map(text).collect(),
        subject: text(&mail["Subject"]),
        text: text(&mail["BodyText"]),
        at: when(&mail["Timestamp"]),
    };
    Ok(all.flatten().map(mail).collect())
}

/// A time as people read it; the emulator keeps seconds since 1970.
fn when(timestamp: &Value) -> String {
    let second = timestamp.as_f64().map_or(0, |second| second as i64);
    jiff::Timestamp::from_second(second).map_or_else(|_| String::new(), |time| time.to_string())
}
