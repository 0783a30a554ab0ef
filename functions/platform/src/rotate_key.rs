//! Schedule: gives access tokens a new signing key every 90 days, one step a day, and nobody notices.
//!
//! 1. The key that signs is 90 days old: a new one is made and its public half published. It does not sign yet.
//! 2. A day later, when every process and every cache of the published keys knows it, it signs.
//! 3. A day later, when nothing its predecessor signed is valid any more, that one is no longer published.
//!
//! Each step is decided from what is there, so a run that is repeated, or cut off, does what is left to do.

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};

use crate::signing_key::{CURRENT, PENDING, Pair, Versions};

/// How long a key signs.
const SIGNS_FOR_S: i64 = 90 * 24 * 3600;
/// How long a key is published before it signs, and after it has.
const OVERLAP_S: i64 = 24 * 3600;

/// Runs every day.
pub fn schedule() -> Schedule {
    Schedule::new(rotate)
}

/// A published key.
struct Published {
    kid: String,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
}

shared::from_row!(Published { kid, created_at, activated_at });

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Publish,
    Activate(String),
    Retire,
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Publish => "publish",
            Self::Activate(_) => "activate",
            Self::Retire => "retire",
        }
    }
}

async fn rotate(app: App, now: Timestamp) -> Result<Value, Problem> {
    let rows = app
        .db()
        .query(
            "select kid, created_at, activated_at from auth.signing_keys where retired_at is null",
            [],
        )
        .await?;
    let published: Vec<Published> = rows.iter().map(Published::from).collect();
    let versions = Versions::read(&app).await?;
    let step = next(&published, &versions.at(CURRENT), &versions.at(PENDING), now);
    match &step {
        Step::Nothing => {}
        Step::Publish => publish(&app, now).await?,
        Step::Activate(kid) => activate(&app, kid, &versions.at(CURRENT), now).await?,
        Step::Retire => {
            app.db().query("select tenant.retire_signing_keys($1)", [typed(&now)]).await?;
        }
    }
    let did = step.name();
    tracing::info!(did, keys = published.len(), "signing keys");
    Ok(json!({ "did": did }))
}

/// Decides from what is published and which versions of the secret are current and pending.
fn next(published: &[Published], current: &[&str], pending: &[&str], now: Timestamp) -> Step {
    let past = |at: Timestamp, seconds: i64| now.as_second() - at.as_second() >= seconds;
    let is_in = |key: &Published, stage: &[&str]| stage.contains(&key.kid.as_str());
    // A pending version whose public half was not published is one that a cut-off run left: it is made anew.
    if let Some(waiting) = published.iter().find(|key| is_in(key, pending) && !is_in(key, current))
    {
        let due = past(waiting.created_at, OVERLAP_S);
        return if due { Step::Activate(waiting.kid.clone()) } else { Step::Nothing };
    }
    let activated = published.iter().filter_map(|key| Some((key.activated_at?, key)));
    let Some((since, newest)) = activated.max_by_key(|(since, _)| *since) else {
        return Step::Nothing;
    };
    match published.len() {
        1 if past(since, SIGNS_FOR_S) => Step::Publish,
        // Never while another still signs.
        2.. if past(since, OVERLAP_S) && is_in(newest, current) => Step::Retire,
        _ => Step::Nothing,
    }
}

async fn publish(app: &App, now: Timestamp) -> Result<(), Problem> {
    let pair = Pair::make()?;
    pair.put(app, PENDING).await?;
    let kid = pair.kid.to_string();
    app.db()
        .query(
            "select tenant.publish_signing_key($1, $2, $3, $4)",
            [typed(&kid), typed(&pair.x), typed(&pair.y), typed(&now)],
        )
        .await?;
    Ok(())
}

async fn activate(app: &App, kid: &str, current: &[&str], now: Timestamp) -> Result<(), Problem> {
    let id = app.config().need("SIGNING_KEY_SECRET")?;
    let secrets = app.aws().secrets();
    // Marked first: cut off between the two, the next run finds it pending still, and moves the stage.
    app.db()
        .query("select tenant.activate_signing_key($1, $2)", [typed(&kid), typed(&now)])
        .await?;
    let moved = secrets
        .update_secret_version_stage()
        .secret_id(id)
        .version_stage(CURRENT)
        .move_to_version_id(kid)
        .set_remove_from_version_id(current.first().map(|version| (*version).to_owned()))
        .send();
    // The pending stage stays with it until the next key takes it.
    moved.await.map(drop).map_err(Problem::unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + day * DAY).unwrap()
    }

    fn key(kid: &str, created: i64, activated: Option<i64>) -> Published {
        Published { kid: kid.into(), created_at: at(created), activated_at: activated.map(at) }
    }

    #[test]
    fn a_key_is_published_for_a_day_before_it_signs_and_for_a_day_after() {
        let one = || key("one", 0, Some(0));
        assert_eq!(next(&[one()], &["one"], &[], at(89)), Step::Nothing);
        assert_eq!(next(&[one()], &["one"], &[], at(90)), Step::Publish);
        let two = [one(), key("two", 90, None)];
        assert_eq!(next(&two, &["one"], &["two"], at(90)), Step::Nothing);
        assert_eq!(next(&two, &["one"], &["two"], at(91)), Step::Activate("two".into()));
        let two = [one(), key("two", 90, Some(91))];
        assert_eq!(next(&two, &["two"], &[], at(91)), Step::Nothing);
        assert_eq!(next(&two, &["two"], &[], at(92)), Step::Retire);
        assert_eq!(next(&[key("two", 90, Some(91))], &["two"], &[], at(92)), Step::Nothing);
    }

    #[test]
    fn what_a_run_that_was_cut_off_left_is_done_by_the_next() {
        // Its public half was never published: it is made anew.
        assert_eq!(next(&[key("one", 0, Some(0))], &["one"], &["lost"], at(90)), Step::Publish);
        // Marked as signing, but its version not moved: it is pending still.
        let two = [key("one", 0, Some(0)), key("two", 90, Some(91))];
        assert_eq!(next(&two, &["one"], &["two"], at(92)), Step::Activate("two".into()));
        // Moved; the pending stage stays with it.
        assert_eq!(next(&two, &["two"], &["two"], at(92)), Step::Retire);
        // The one before still signs, whatever is marked: it stays.
        assert_eq!(next(&two, &["one"], &[], at(92)), Step::Nothing);
        assert_eq!(next(&[], &[], &[], at(92)), Step::Nothing);
    }
}
