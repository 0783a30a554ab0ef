//! Signing in to Kite as its page would be clicked through.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use local::web;
use serde_json::{Value, json};

use crate::{Here, Person, Reply};

/// What a browser is led back from Zerodha with.
#[derive(Clone, Debug)]
pub struct LandingQuery {
    /// Good once; none when the sign-in was cancelled.
    pub request_token: Option<String>,
    /// What the sign-in was begun with.
    pub state: String,
    /// Where the browser was led.
    pub place: String,
}

impl LandingQuery {
    /// What the front end sends on.
    pub fn callback(&self) -> Value {
        json!({ "requestToken": self.request_token, "state": self.state })
    }
}

impl Here {
    /// Begins a connection and chooses what comes of it on Kite's page.
    pub async fn zerodha(
        &self,
        person: &Person,
        client: &str,
        outcome: &str,
    ) -> Result<LandingQuery> {
        let begun = self.get("/v1/auth/zerodha/initiate", person).await?;
        ensure!(begun.status == 200, "{}", begun.body);
        let text = |name: &str| begun.body[name].as_str().map(str::to_owned).context("a text");
        let page = web::get(&text("loginUrl")?).await?;
        ensure!(page.status == 200 && page.text().contains("redirect_params"), "{}", page.text());
        let form = format!("user_id={client}&outcome={outcome}");
        let form = http::Request::post(text("loginUrl")?)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))?;
        let led = web::send(form).await?;
        let place = led.headers.get("location").and_then(|place| place.to_str().ok());
        let place = place.context("Kite leads back")?.to_owned();
        let query = place.split('?').nth(1).unwrap_or_default();
        let of = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        Ok(LandingQuery {
            request_token: of("request_token"),
            state: text("state")?,
            place: place.clone(),
        })
    }

    /// Says what an account holds at the stand-in for Kite, part by part: `holdings`, `positions`, `trades`, `funds`; or how
    /// it fails, with a text in place of a part, or of all of them in `fails`.
    pub async fn kite_says(&self, client: &str, told: &Value) -> Result<()> {
        let url = format!("{}/accounts/{client}", self.cloud.kite_url);
        let request = http::Request::put(url).header("content-type", "application/json");
        let answer = web::send(request.body(Bytes::from(told.to_string()))?).await?;
        ensure!(answer.status == 200, "{}", answer.text());
        Ok(())
    }

    /// Connects a Zerodha account.
    pub async fn connect(&self, person: &Person, client: &str) -> Result<Reply> {
        let came = self.zerodha(person, client, "success").await?;
        self.post("/v1/auth/zerodha/callback", person, &came.callback()).await
    }
}
