//! A connection to Zerodha: its states, and what each asks of its owner.

use jiff::ToSpan;
use jiff::civil::Time;
use serde::Serialize;
use shared::{Timestamp, clock};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Its data can be read until `expiresAt`.
    Connected,
    /// The day's session is over; signing in connects it again.
    Expired,
    /// It was ended: by its owner elsewhere, or at Zerodha.
    Revoked,
    /// Zerodha refuses it for a reason that signing in does not mend.
    Error,
}

/// What happens to a connection. Mornings and moves happen to many at once, in SQL: `tenant.expire_connections` and
/// `tenant.claim_kite_account`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Its owner signed in.
    SignedIn,
    /// Zerodha refused its token.
    TokenRefused,
    /// Zerodha does not permit the app to read it.
    NotPermitted,
}

impl State {
    /// What it is after something happened. Only signing in leads back to `connected`.
    pub(crate) fn after(self, happening: Happening) -> Self {
        match (self, happening) {
            (_, Happening::SignedIn) => Self::Connected,
            (Self::Connected, Happening::TokenRefused) => Self::Expired,
            (Self::Connected, Happening::NotPermitted) => Self::Error,
            (state, _) => state,
        }
    }

    /// The word the table has for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Error => "error",
        }
    }
}

impl Happening {
    /// The reason the table keeps.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::TokenRefused => "token_refused",
            Self::NotPermitted => "not_permitted",
        }
    }
}

/// A connection, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    pub(crate) connection_id: Uuid,
    /// The account its holdings belong to.
    pub(crate) account_id: Uuid,
    /// Zerodha's id of the client.
    kite_user_id: String,
    user_name: Option<String>,
    /// The Kite app it was made with.
    pub(crate) api_key: String,
    pub(crate) state: State,
    /// Why it is in this state: `signed_in`, `daily_expiry`, `token_refused`, `not_permitted`, `moved`; or, while it is
    /// connected, what the last reading met: `kite_unavailable`, or `symbols_unknown` when it was told all but a part.
    pub(crate) reason: String,
    /// What to do, for a person; null when there is nothing to do.
    pub(crate) what_to_do: Option<&'static str>,
    connected_at: Timestamp,
    /// When Zerodha last told everything of the account; null before the first time.
    last_read_at: Option<Timestamp>,
    /// Six in the morning after it was connected, Indian time: Zerodha ends every session then.
    expires_at: Timestamp,
}

/// The columns a connection is read from, of the table as `c`. What a reading met before it was last connected is over.
pub(crate) const COLUMNS: &str = "c.connection_id, c.account_id, c.kite_user_id, c.user_name, c.api_key, \
    case when c.state = 'connected' and c.expires_at <= now() then 'expired' else c.state end as state, \
    case when c.state <> 'connected' then c.reason when c.expires_at <= now() then 'daily_expiry' \
         else coalesce((select case when s.tried_at >= c.connected_at then s.problem end from brokers.syncs s \
                        where s.account_id = c.account_id order by s.day desc limit 1), c.reason) end as reason, \
    (select max(s.good_at) from brokers.syncs s where s.account_id = c.account_id) as last_read_at, \
    c.connected_at, c.expires_at";

impl From<&Row> for Connection {
    fn from(row: &Row) -> Self {
        let state = match row.get("state") {
            "connected" => State::Connected,
            "expired" => State::Expired,
            "revoked" => State::Revoked,
            _ => State::Error,
        };
        let reason: String = row.get("reason");
        Self {
            connection_id: row.get("connection_id"),
            account_id: row.get("account_id"),
            kite_user_id: row.get("kite_user_id"),
            user_name: row.get("user_name"),
            api_key: row.get("api_key"),
            what_to_do: what_to_do(state, &reason),
            state,
            reason,
            connected_at: row.get("connected_at"),
            last_read_at: row.get("last_read_at"),
            expires_at: row.get("expires_at"),
        }
    }
}

pub(crate) fn what_to_do(state: State, reason: &str) -> Option<&'static str> {
    match (state, reason) {
        (State::Connected, "kite_unavailable") => Some(
            "Kite did not answer; what it said last is kept. It is asked again in the evening, or when you ask.",
        ),
        (State::Connected, "symbols_unknown") => Some(
            "Kite named something that no list of instruments has; it is read again in the evening.",
        ),
        (State::Connected, _) => None,
        (State::Expired, _) => {
            Some("Sign in to Zerodha again; it ends every session at six in the morning.")
        }
        (State::Revoked, "moved") => Some(
            "The account was connected in another workspace; connect it here again to move it back.",
        ),
        (State::Error, _) => {
            Some("The Kite app may not read this account; tell whoever runs this installation.")
        }
        (State::Revoked, _) => Some("Connect the account again."),
    }
}

/// The next six in the morning in India, when every access token of Kite ends.
pub(crate) fn next_six(now: Timestamp) -> Timestamp {
    let here = now.to_zoned(clock::india());
    let six = Time::constant(6, 0, 0, 0);
    let day = if here.time() < six { here.date() } else { here.date().saturating_add(1.day()) };
    day.to_datetime(six).to_zoned(clock::india()).map_or(now, |at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_at_the_next_six_in_the_morning_in_india() {
        for (now, ends) in [
            ("2026-11-21T00:29:59Z", "2026-11-21T00:30:00Z"),
            ("2026-11-21T00:30:00Z", "2026-11-22T00:30:00Z"),
            ("2026-11-20T18:31:00Z", "2026-11-21T00:30:00Z"),
            ("2026-12-31T12:00:00Z", "2027-01-01T00:30:00Z"),
        ] {
            assert_eq!(next_six(now.parse().unwrap()), ends.parse().unwrap(), "{now}");
        }
    }

    #[test]
    fn only_signing_in_connects() {
        for state in [State::Connected, State::Expired, State::Revoked, State::Error] {
            assert_eq!(state.after(Happening::SignedIn), State::Connected);
            for refused in [Happening::TokenRefused, Happening::NotPermitted] {
                assert_ne!(state.after(refused), State::Connected, "{state:?} {refused:?}");
            }
        }
        assert_eq!(State::Connected.after(Happening::TokenRefused), State::Expired);
        assert_eq!(State::Connected.after(Happening::NotPermitted), State::Error);
        assert_eq!(State::Revoked.after(Happening::TokenRefused), State::Revoked);
    }
}
