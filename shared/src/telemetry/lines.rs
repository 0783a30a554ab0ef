//! Lines of JSON on standard output: each event as one, with what the invocation it happened in is known by.
//!
//! An invocation is known by what [`measures`](super::measures) keeps of it, and by no span: a span's fields would be
//! written to JSON when it begins, and read and written again with the workspace, for lines that most invocations do not
//! have.

use std::fmt::Debug;
use std::io::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Serializer as Json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use super::measures::Measures;
use crate::Timestamp;
use crate::json::Text;

/// What is written of events; whatever spans a library may open are not, and nothing is kept of them.
pub(super) struct Lines;

impl Subscriber for Lines {
    fn register_callsite(&self, of: &'static Metadata<'static>) -> Interest {
        if of.is_span() { Interest::never() } else { Interest::always() }
    }

    fn enabled(&self, of: &Metadata<'_>) -> bool {
        !of.is_span()
    }

    fn event(&self, event: &Event<'_>) {
        let known = Measures::current();
        write(crate::clock::now(), event.metadata().level().as_str(), |line| {
            event.record(line);
            if let Some(known) = &known {
                line.known_by(known);
            }
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A line that is being written.
pub(super) struct Line<'a>(<&'a mut Json<Text> as Serializer>::SerializeMap);

impl Line<'_> {
    /// Adds a field.
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        // Memory takes everything.
        let _ = self.0.serialize_entry(name, value);
    }

    /// Adds what an invocation is known by.
    pub(super) fn known_by(&mut self, known: &Measures) {
        self.put("function", &known.function.name);
        self.put("request_id", &known.begun.request_id);
        self.put("aws_request_id", &known.begun.aws_request_id);
        if let Some(id) = &known.begun.caller_request_id {
            self.put("caller_request_id", id);
        }
        self.put("trace_id", &known.begun.trace_id());
        self.put("workspace", &known.done().workspace);
    }
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value);
    }
}

/// Writes one line.
pub(super) fn write(now: Timestamp, level: &str, fields: impl FnOnce(&mut Line<'_>)) {
    let text = line(now, level, fields);
    // In one piece: standard output looks for an end of line in whatever is written to it. A log that cannot be written
    // to has no one to tell.
    let _ = std::io::stdout().write_all(&text);
}

fn line(now: Timestamp, level: &str, fields: impl FnOnce(&mut Line<'_>)) -> Vec<u8> {
    let mut json = Json::new(Text::default());
    if let Ok(map) = json.serialize_map(None) {
        let mut line = Line(map);
        line.put("timestamp", &now);
        line.put("level", level);
        fields(&mut line);
        let _ = line.0.end();
    }
    let Text(mut text) = json.into_inner();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::invocation::{Begun, Function};
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_is_in_it() {
        let text =
            line(Timestamp::UNIX_EPOCH, "INFO", |line| line.put("message", "\"two\nlines\""));
        let (last, others) = text.split_last().unwrap();
        assert!(*last == b'\n' && !others.contains(&b'\n'));
        let read: Value = serde_json::from_slice(others).unwrap();
        assert_eq!(read["message"], "\"two\nlines\"");
        assert_eq!(read["timestamp"], "1970-01-01T00:00:00Z");
    }

    #[tokio::test]
    async fn a_line_says_whose_it_is_and_the_workspace_once_it_is_entered() {
        let begun = Begun {
            request_id: "r".into(),
            aws_request_id: "a".into(),
            caller_request_id: Some("c".into()),
            trace: Some("Root=1-2-3;Sampled=0".into()),
        };
        let function = Function { name: "auth-me".into(), ..Function::default() };
        let workspace = uuid::Uuid::now_v7();
        let read = || {
            let known = Measures::current().unwrap();
            let text = line(Timestamp::UNIX_EPOCH, "INFO", |line| line.known_by(&known));
            serde_json::from_slice::<Value>(&text).unwrap()
        };
        let (before, after) = Measures::new(function.into(), begun)
            .during(async {
                let before = read();
                super::super::entered(workspace);
                (before, read())
            })
            .await;
        assert_eq!(before["workspace"], Value::Null);
        assert_eq!(after["workspace"], workspace.to_string());
        for (name, value) in [
            ("function", "auth-me"),
            ("request_id", "r"),
            ("aws_request_id", "a"),
            ("caller_request_id", "c"),
            ("trace_id", "1-2-3"),
        ] {
            assert_eq!(after[name], value, "{name}");
        }
        assert!(Measures::current().is_none());
    }
}
