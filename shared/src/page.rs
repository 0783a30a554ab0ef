//! Lists by opaque cursor.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::known_day;
use crate::request::{any_text, whole};
use crate::{Problem, Timestamp};

/// Items a page has unless the caller says otherwise.
pub const DEFAULT_LIMIT: i64 = 50;
/// Items a page has at most.
pub const MOST: i64 = 200;

crate::request! {
    /// Which page a caller wants.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PageQuery {
        /// How many items.
        pub limit: i64 = whole(1, MOST) => DEFAULT_LIMIT,
        /// Where to go on: `nextCursor` of the page before.
        pub cursor: Option<String> = any_text(),
    }
}

/// Whether every day and time in a position is one that the database can compare with.
fn is_storable(position: &Value) -> bool {
    match position {
        Value::Array(parts) => parts.iter().all(is_storable),
        Value::Object(parts) => parts.values().all(is_storable),
        Value::String(text) => {
            let day = text.parse::<Date>().ok();
            let time = text.parse::<Timestamp>().ok().map(|at| at.to_zoned(TimeZone::UTC).date());
            day.or(time).is_none_or(|day| known_day(&day)) && !text.contains('\0')
        }
        _ => true,
    }
}

impl PageQuery {
    /// The position the cursor stands for; `None` at the beginning.
    pub fn position<P: DeserializeOwned>(&self) -> Result<Option<P>, Problem> {
        let read = |cursor: &String| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let position: Value = serde_json::from_slice(&bytes).ok()?;
            is_storable(&position).then(|| serde_json::from_value(position).ok()).flatten()
        };
        match &self.cursor {
            None => Ok(None),
            Some(cursor) => read(cursor).map(Some).ok_or_else(|| {
                Problem::field(
                    "cursor",
                    "is not a cursor of this list; send `nextCursor` of the page before as it is",
                )
            }),
        }
    }

    /// One more than the page holds, to know whether there is another.
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was fetched to the page and remembers where it ended.
    pub fn cut<P: Serialize>(
        mut items: Vec<T>,
        query: &PageQuery,
        position: impl Fn(&T) -> P,
    ) -> Self {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).and_then(|item| {
            let position = serde_json::to_vec(&position(item)).ok()?;
            Some(BASE64_URL_SAFE_NO_PAD.encode(position))
        });
        Self { items, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_from_page_to_page_until_there_is_none() {
        let query = PageQuery { limit: 2, cursor: None };
        let page = Page::cut(vec![1, 2, 3], &query, |item| *item);
        assert_eq!(page.items, [1, 2]);
        let next = PageQuery { limit: 2, cursor: page.next_cursor };
        assert_eq!(next.position::<i32>().unwrap(), Some(2));
        assert_eq!(Page::cut(vec![3], &next, |item| *item).next_cursor, None);
    }

    #[test]
    fn a_day_that_no_database_has_is_no_position() {
        for time in ["-009998-01-01T00:00:00Z", "9999-12-30T22:00:00Z", "-009999-01-01"] {
            let cursor = BASE64_URL_SAFE_NO_PAD.encode(format!("[\"{time}\",\"x\"]"));
            let query = PageQuery { limit: 2, cursor: Some(cursor) };
            assert!(query.position::<(String, String)>().is_err(), "{time}");
        }
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        for cursor in ["", "abc", "bnVsbA", "💥"] {
            let query = PageQuery { limit: 2, cursor: Some(cursor.into()) };
            assert!(query.position::<(String, i64)>().is_err(), "{cursor}");
        }
    }
}
