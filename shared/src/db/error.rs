//! What can go wrong with the database, and what the caller is told.

use tokio_postgres::error::SqlState;

use crate::auth::{PER_KEY, PER_PERSON};
use crate::problem::{Reason, reasons};
use crate::{Problem, clock};

/// A failure of the database or a refusal by it.
///
/// Its text names state, constraint and message, never Postgres' DETAIL, which quotes rows.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The settings do not say where the database is.
    #[error("database settings: {0}")]
    Settings(String),
    /// No connection could be made.
    #[error("no connection to the database")]
    Connect(#[source] tokio_postgres::Error),
    /// No answer came in time.
    #[error("the database did not answer in time")]
    Timeout,
    /// The connection broke.
    #[error("the database connection broke")]
    Broken(#[source] tokio_postgres::Error),
    /// Postgres refused a statement.
    #[error("{}: {message} (constraint {constraint:?})", state.code())]
    Refused {
        /// The SQLSTATE.
        state: SqlState,
        /// The primary message.
        message: String,
        /// The constraint that decided, if one did.
        constraint: Option<String>,
    },
    /// The transaction has ended: a mistake of ours.
    #[error("the transaction has ended")]
    Ended,
    /// A value could not be sent or read as its type: a mistake of ours.
    #[error("a database value does not have the type the code expects")]
    Type(#[source] tokio_postgres::Error),
}

impl DbError {
    /// The constraint that refused the statement.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Refused { constraint, .. } => constraint.as_deref(),
            _ => None,
        }
    }

    /// Whether the connection had died, so that nothing of an uncommitted batch was kept.
    pub fn connection_lost(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::Refused { state, .. } => {
                state == &SqlState::ADMIN_SHUTDOWN || state == &SqlState::CRASH_SHUTDOWN
            }
            _ => false,
        }
    }

    /// Whether the connection can be used on: only a refused statement leaves it in a known state.
    pub fn connection_is_sound(&self) -> bool {
        matches!(self, Self::Refused { .. }) && !self.connection_lost()
    }

    /// What a path names is nothing to whoever is no member of it; anything else stays what it is.
    pub fn or_stranger(self) -> Problem {
        match Problem::from(self) {
            problem if problem.reason() == reasons::NOT_A_MEMBER => {
                Problem::new(reasons::NOT_FOUND)
            }
            problem => problem,
        }
    }

    /// The refusal a violated constraint stands for; anything else stays what it is.
    pub fn or_reason(self, constraint: &str, reason: Reason) -> Problem {
        if self.constraint() == Some(constraint) {
            Problem::new(reason).because(self)
        } else {
            self.into()
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(err: tokio_postgres::Error) -> Self {
        if let Some(refusal) = err.as_db_error() {
            return Self::Refused {
                state: refusal.code().clone(),
                message: refusal.message().to_owned(),
                constraint: refusal.constraint().map(str::to_owned),
            };
        }
        let broken = err.is_closed()
            || std::error::Error::source(&err).is_some_and(|cause| cause.is::<std::io::Error>());
        if broken { Self::Broken(err) } else { Self::Type(err) }
    }
}

/// The states that `tenant.enter` and its sisters raise.
impl From<DbError> for Problem {
    fn from(err: DbError) -> Self {
        let state = match &err {
            DbError::Refused { state, .. } => state.code(),
            DbError::Connect(_) | DbError::Timeout | DbError::Broken(_) => {
                return Self::unavailable(err);
            }
            DbError::Settings(_) | DbError::Type(_) | DbError::Ended => return Self::internal(err),
        };
        match state {
            "KM401" => Self::new(reasons::SESSION_ENDED),
            "KM402" => Self::new(reasons::BAD_KEY),
            "KM403" => Self::new(reasons::ROLE),
            "KM404" => Self::new(reasons::NOT_A_MEMBER),
            "KM406" => Self::new(reasons::LEADERLESS),
            "KM405" => Self::new(reasons::SCOPE),
            "KM429" => PER_KEY.exhausted(clock::now()),
            "KM430" => PER_PERSON.exhausted(clock::now()),
            // A character that no database text may have, such as NUL.
            "22021" | "22P05" => Self::new(reasons::INVALID)
                .detail("A text has a character that cannot be stored; leave it out.")
                .because(err),
            // Statement timeout, deadlock, serialisation, too many connections, shutting down.
            "57014" | "40P01" | "40001" | "53300" | "57P01" | "57P02" | "57P03" => {
                Self::unavailable(err)
            }
            _ => Self::internal(err),
        }
    }
}
