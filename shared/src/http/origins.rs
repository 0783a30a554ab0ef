//! Which pages may read answers: cross-origin resource sharing (the Fetch standard, "CORS protocol").
//!
//! There are no cookies and no ambient authority, so a page gets nothing that it has no token for. That it must
//! also be one of the deployment's own keeps a stolen token from being used by a page elsewhere.

use http::HeaderMap;
use http::header::{self, HeaderValue};

use crate::Config;

/// The origins whose pages may read an answer.
#[derive(Clone, Debug)]
pub(super) enum Origins {
    /// Any: what the answer says is public.
    Any,
    /// These, from the setting `ALLOWED_ORIGINS`.
    Named(Vec<String>),
}

impl Origins {
    /// What the deployment allows; without the setting, nobody.
    pub(super) fn of(config: &Config) -> Self {
        match config.find("ALLOWED_ORIGINS").unwrap_or_default() {
            "*" => Self::Any,
            named => {
                let named = named.split(',').filter(|origin| !origin.is_empty());
                Self::Named(named.map(str::to_owned).collect())
            }
        }
    }

    /// Says in an answer to a page whether it may read it.
    pub(super) fn allow(&self, page: Option<&HeaderValue>, answer: &mut HeaderMap) {
        match self {
            Self::Any => {
                answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Self::Named(named) => {
                // A cache keeps an answer for the page that it was for.
                answer.append(header::VARY, HeaderValue::from_static("origin"));
                if let Some(page) = page.filter(|page| named.iter().any(|one| one == *page)) {
                    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(setting: &str, page: &str) -> Option<String> {
        let origins = Origins::of(&Config::from_pairs([("ALLOWED_ORIGINS", setting)]));
        let mut answer = HeaderMap::new();
        origins.allow(Some(&HeaderValue::from_str(page).ok()?), &mut answer);
        let allowed = answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
        Some(allowed.to_str().ok()?.to_owned())
    }

    #[test]
    fn a_page_reads_answers_where_its_origin_is_named_and_nowhere_else() {
        let two = "https://app.example.in,https://admin.example.in";
        assert_eq!(
            allowed(two, "https://admin.example.in").as_deref(),
            Some("https://admin.example.in")
        );
        for stranger in ["https://example.in", "https://app.example.in.evil", "null", "", "*"] {
            assert_eq!(allowed(two, stranger), None, "{stranger}");
            assert_eq!(allowed("", stranger), None, "{stranger}");
        }
        assert_eq!(allowed("*", "https://anywhere").as_deref(), Some("*"));
    }
}
