//! Opening a session, and what its caller is told.

use serde::Serialize;
use shared::auth::{Claims, LIFETIME_S, sign};
use shared::{App, Problem, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// A session may live this many days; its access tokens live minutes.
const DAYS: i64 = 30;

/// A session that was opened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the token expires.
    expires_in: i64,
    /// The person.
    user_id: Uuid,
    /// The workspace the token is for.
    workspace_id: Uuid,
}

/// When a session opened now ends.
pub(crate) fn ends(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() + DAYS * 24 * 3600).unwrap_or(now)
}

/// The answer that carries a new session's first token. It is made before the session is stored: when
/// the signing key cannot be had, nothing is used up.
pub(crate) async fn prepare(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    workspace_id: Uuid,
    now: Timestamp,
) -> Result<Session, Problem> {
    let claims = Claims::issue(app.config().issuer()?, user_id, session_id, workspace_id, now);
    let access_token = sign(app, &claims).await?;
    Ok(Session {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME_S,
        user_id,
        workspace_id,
    })
}

/// An e-mail address, in lower case.
pub(crate) fn email(text: &str) -> Result<String, String> {
    let email = text.trim().to_ascii_lowercase();
    // Plain addresses only: what else RFC 5322 allows, mail servers read in several ways.
    let local_letter =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = email.len() <= 254
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && local.chars().all(local_letter)
                && local.split('.').all(|part| !part.is_empty())
                && domain.contains('.')
                && domain.split('.').all(label)
        });
    if good { Ok(email) } else { Err("must be an e-mail address, like asha@example.in".into()) }
}

#[cfg(test)]
mod tests {
    use super::email;

    #[test]
    fn addresses_are_taken_in_lower_case() {
        assert_eq!(email(" Asha@Example.IN "), Ok("asha@example.in".into()));
        for text in [
            "x<victim@corp.in>",
            "a,b@c.in",
            "é@c.in",
            "a..b@c.in",
            "a@-c.in",
            "",
            "asha",
            "@example.in",
            "asha@",
            "asha@example",
            "a@b@c.in",
            "a b@c.in",
            "a@c..in",
            "a\n@c.in",
        ] {
            assert!(email(text).is_err(), "{text}");
        }
    }
}
