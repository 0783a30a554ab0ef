//! Why a model answered nothing that can be used.

use std::time::Duration;

use serde_json::Value;
use vendor::{Answer, HttpError};

/// The longest `Retry-After` that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a model answered nothing that can be used, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The key, the account or the request is not as the provider wants it: whoever runs this installation looks at it.
    #[error("the provider refuses the request with {status}: {kind}")]
    Refused {
        /// Its status.
        status: u16,
        /// The provider's word for it.
        kind: String,
    },
    /// Too many requests.
    #[error("the provider's limit is reached")]
    Busy {
        /// How long to wait, where the provider says so.
        pause: Option<Duration>,
    },
    /// The provider says that it is down.
    #[error("the provider is down")]
    Unavailable,
    /// It was down so often in the last half minute that it was not asked.
    #[error("the provider has been failing and was not asked")]
    Down,
    /// No answer came.
    #[error("the provider did not answer")]
    NoAnswer(#[source] HttpError),
    /// The answer is no JSON, or not where it should be.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The answer is longer than was allowed.
    #[error("the answer was cut off")]
    Incomplete,
    /// The model does not want to answer.
    #[error("the model declines")]
    Declined,
}

impl ModelError {
    /// Whether it counts towards not asking the provider for a while.
    pub(crate) fn opens_breaker(&self) -> bool {
        matches!(self, Self::Unavailable | Self::NoAnswer(_) | Self::Busy { .. })
    }

    /// After what pause the same prompt may be answered; `None` where that does not help, or somebody would wait too long.
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Self::Busy { pause } => pause.filter(|pause| *pause <= LONGEST_PAUSE),
            Self::Unavailable
            | Self::NoAnswer(HttpError::Unreachable(_) | HttpError::Connection(_)) => {
                Some(vendor::pause(0))
            }
            _ => None,
        }
    }
}

/// An error by its status and the provider's word. Messages are left out: they could quote the prompt.
pub(crate) fn read(answer: &Answer) -> ModelError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let word = |name: &str| body["error"][name].as_str();
    let kind = word("code").or_else(|| word("type")).unwrap_or("no word");
    let kind: String = kind.chars().filter(char::is_ascii_graphic).take(60).collect();
    let status = answer.status.as_u16();
    match status {
        // Waiting does not fill an account.
        429 if matches!(kind.as_str(), "insufficient_quota" | "billing_error") => {
            ModelError::Refused { status, kind }
        }
        429 => ModelError::Busy { pause: answer.retry_after },
        408 | 409 | 500..=599 => ModelError::Unavailable,
        _ => ModelError::Refused { status, kind },
    }
}
