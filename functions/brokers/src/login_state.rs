//! A sign-in at Zerodha that was begun: good once, for ten minutes, for the session that began it.

use shared::auth::Session;
use shared::once::Once;
use shared::{App, Problem, Secret, Timestamp};

use crate::reasons;

/// Zerodha returns it beside the request token.
pub(crate) const STATE: Once = Once { name: "zerodha", good_for_s: 600 };

/// Begins a sign-in with a Kite app.
pub(crate) async fn begin(
    app: &App,
    session: Session,
    api_key: &str,
    now: Timestamp,
) -> Result<Secret, Problem> {
    let ids = texts(session);
    STATE.begin(app, &bound(&ids), &[("api_key", api_key)], now).await
}

/// Uses a sign-in up and answers its Kite app.
pub(crate) async fn take(
    app: &App,
    session: Session,
    state: &Secret,
    now: Timestamp,
) -> Result<String, Problem> {
    let ids = texts(session);
    let taken = STATE.take(app, state, &bound(&ids), now).await?;
    let api_key = taken.and_then(|mut kept| kept.remove("api_key"));
    api_key.ok_or_else(|| Problem::new(reasons::STATE))
}

fn texts(session: Session) -> [String; 3] {
    [session.session_id, session.user_id, session.workspace_id].map(|id| id.to_string())
}

fn bound([session, person, workspace]: &[String; 3]) -> [(&str, &str); 3] {
    [("session", session), ("person", person), ("workspace", workspace)]
}
