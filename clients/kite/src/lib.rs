//! Zerodha's Kite Connect (version 3), as far as KiteMate uses it.
//!
//! Lenient where Kite is: fields may be missing, and an error may come as JSON, as HTML or not at all. Source of
//! paths, fields and errors: the documentation of Kite Connect 3, "User" and "Exceptions and errors".
#![warn(missing_docs)]

mod error;
mod owned;
mod portfolio;

use std::time::Duration;

use aws_lc_rs::digest;
use form_urlencoded::Serializer;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::limits::Limit;
use shared::{App, Problem, Secret};
use vendor::{Breaker, Call, Http, Vendor};

pub use error::KiteError;
pub use owned::{Owned, owned};
pub use portfolio::{Account, Fill, Financed, Fund, Holding, Position, Rows};

/// Kite's own clients wait as long.
const VENDOR: Vendor = Vendor { name: "kite", timeout: Duration::from_secs(7) };
/// What Kite allows an app for everything but quotes, candles and orders; for all functions together.
const PER_APP: Limit = Limit { name: "kite", most: 10, window_s: 1 };
/// How long a caller waits for a turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// Five failures in half a minute, and nobody asks until the next half.
const BREAKER: Breaker = Breaker { name: "kite", most: 5, window_s: 30 };

/// A Kite app of this installation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KiteApp {
    /// Its public name.
    pub api_key: String,
    /// What its requests for a session are signed with.
    pub api_secret: Secret,
}

/// A session that Kite opened, with who it is of.
#[derive(Clone, Debug, Deserialize)]
pub struct KiteSession {
    /// Zerodha's id of the client.
    pub user_id: String,
    /// Their name.
    #[serde(default)]
    pub user_name: Option<String>,
    /// What their data is read with, until six in the morning.
    pub access_token: Secret,
}

/// Who a session is of.
#[derive(Clone, Debug, Deserialize)]
pub struct KiteProfile {
    /// Zerodha's id of the client.
    pub user_id: String,
    /// Their name.
    #[serde(default)]
    pub user_name: Option<String>,
}

/// The client of one process.
pub struct Kite<'a> {
    app: &'a App,
    http: Http,
    api_url: &'a str,
    login_url: &'a str,
}

/// What every good answer is wrapped in.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

impl<'a> Kite<'a> {
    /// The client, which calls where `KITE_API_URL` and `KITE_LOGIN_URL` say.
    pub fn of(app: &'a App) -> Result<Self, Problem> {
        let (api_url, login_url) =
            (app.config().need("KITE_API_URL")?, app.config().need("KITE_LOGIN_URL")?);
        Ok(Self { app, http: Http::of(app)?, api_url, login_url })
    }

    /// Where a person signs in; what is in `state` comes back with them, unless they cancel.
    pub fn login_url(&self, api_key: &str, state: &str) -> String {
        let back = encoded(&[("state", state)]);
        let query = encoded(&[("v", "3"), ("api_key", api_key), ("redirect_params", &back)]);
        format!("{}/connect/login?{query}", self.login_url)
    }

    /// Opens a session with the token a person came back with. It is good once.
    pub async fn exchange(
        &self,
        app: &KiteApp,
        request_token: &str,
    ) -> Result<KiteSession, KiteError> {
        let checksum = checksum(&app.api_key, request_token, &app.api_secret);
        let form = encoded(&[
            ("api_key", &app.api_key),
            ("request_token", request_token),
            ("checksum", &checksum),
        ]);
        let call = Call {
            operation: "POST /session/token",
            method: Method::POST,
            url: format!("{}/session/token", self.api_url),
            headers: vec![
                ("x-kite-version", "3".into()),
                ("content-type", "application/x-www-form-urlencoded".into()),
            ],
            body: form.into(),
        };
        self.send(&app.api_key, &call).await
    }

    /// Who a session is of.
    pub async fn profile(&self, api_key: &str, token: &Secret) -> Result<KiteProfile, KiteError> {
        let read = self.read("GET /user/profile", (api_key, token), false);
        self.counted(api_key, read).await
    }

    /// Reads what a session may see; the operation is its method and path. Who calls counts failures.
    async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        (api_key, token): (&str, &Secret),
        in_turn: bool,
    ) -> Result<T, KiteError> {
        let path = operation.trim_start_matches("GET ");
        let call = Call {
            operation,
            method: Method::GET,
            url: format!("{}{path}", self.api_url),
            headers: vec![
                ("x-kite-version", "3".into()),
                ("authorization", format!("token {api_key}:{}", token.expose())),
            ],
            body: Vec::new().into(),
        };
        self.tried(api_key, &call, in_turn).await
    }

    /// Ends a session at Kite.
    pub async fn log_out(&self, api_key: &str, token: &Secret) -> Result<(), KiteError> {
        let query = encoded(&[("api_key", api_key), ("access_token", token.expose())]);
        let call = Call {
            operation: "DELETE /session/token",
            method: Method::DELETE,
            url: format!("{}/session/token?{query}", self.api_url),
            headers: vec![("x-kite-version", "3".into())],
            body: Vec::new().into(),
        };
        self.send::<bool>(api_key, &call).await.map(drop)
    }

    /// Whether an app may ask now: Kite has not been failing, and it is the app's turn.
    pub async fn ready(&self, api_key: &str) -> Result<(), KiteError> {
        self.ready_for(api_key, 1).await
    }

    /// The same for several calls at once.
    async fn ready_for(&self, api_key: &str, calls: u32) -> Result<(), KiteError> {
        if let Some(seconds) = BREAKER.open_for(self.app, api_key).await.map_err(KiteError::Ours)? {
            return Err(KiteError::Down { retry_after_s: seconds });
        }
        PER_APP.turns(self.app, api_key, calls, PATIENCE).await.map_err(|problem| {
            match problem.retry_after_s() {
                Some(seconds) if problem.reason() == shared::problem::reasons::LIMITED => {
                    KiteError::Busy { retry_after_s: seconds }
                }
                _ => KiteError::Ours(problem),
            }
        })
    }

    /// Sends a call, and counts when Kite fails it.
    async fn send<T: DeserializeOwned>(&self, api_key: &str, call: &Call) -> Result<T, KiteError> {
        self.counted(api_key, self.tried(api_key, call, false)).await
    }

    /// Does something with Kite, and counts it once when Kite fails: many calls for one account are one failure, so that
    /// an account that Kite cannot read does not keep it from being asked for the others.
    async fn counted<T>(
        &self,
        api_key: &str,
        work: impl Future<Output = Result<T, KiteError>>,
    ) -> Result<T, KiteError> {
        let done = work.await;
        if done.as_ref().is_err_and(KiteError::is_kites_failure) {
            BREAKER.failed(self.app, api_key).await;
        }
        done
    }

    /// Sends a call; one that only reads is sent again once. Each attempt takes a turn of its own, but for the first of
    /// one that is in turn already.
    async fn tried<T: DeserializeOwned>(
        &self,
        api_key: &str,
        call: &Call,
        in_turn: bool,
    ) -> Result<T, KiteError> {
        if !in_turn {
            self.ready(api_key).await?;
        }
        match self.once(call).await {
            Err(err) if call.method == Method::GET && err.is_kites_failure() => {
                tokio::time::sleep(vendor::pause(0)).await;
                self.ready(api_key).await?;
                self.once(call).await
            }
            read => read,
        }
    }

    async fn once<T: DeserializeOwned>(&self, call: &Call) -> Result<T, KiteError> {
        let answer = self.http.once(VENDOR, call).await.map_err(KiteError::NoAnswer)?;
        let envelope: Result<Envelope<T>, _> = serde_json::from_slice(error::read(&answer)?);
        // The parser's message could quote a token.
        envelope.map(|envelope| envelope.data).map_err(|_| KiteError::Unreadable)
    }
}

/// Pairs as a form or a query string has them.
fn encoded(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// SHA-256 of key, token and secret one after another, in lower-case hex: what signs a request for a session.
fn checksum(api_key: &str, request_token: &str, api_secret: &Secret) -> String {
    let text = [api_key, request_token, api_secret.expose()].concat();
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_of_key_token_and_secret() {
        assert_eq!(
            checksum("kitekey", "reqtoken", &Secret::new("secret")),
            "2ed8c1687a6ba296a518b5688de38372054bd07eb49c7f181542c204faac08eb"
        );
    }
}
