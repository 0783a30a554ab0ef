//! A line that a function logged, read for people.

use serde_json::Value;

/// A line as the console shows it.
#[derive(Clone, Debug)]
pub struct Line {
    /// When, as the line says.
    pub at: String,
    /// `INFO` and so on.
    pub level: String,
    /// What it says.
    pub message: String,
    /// Its other fields.
    pub fields: String,
}

/// A statement, a connection or a call to another system.
#[derive(Clone, Debug)]
pub struct Step {
    /// `sql`, `connect` or `call`.
    pub kind: String,
    /// The statement, or the system and what was asked of it.
    pub label: String,
    /// When it began, in microseconds since 1970.
    pub began_us: u64,
    /// How long it took.
    pub took_us: u64,
    /// Rows of a statement, status of a call.
    pub detail: Option<String>,
}

/// What a line is.
pub(super) enum Read {
    Line(Line),
    Step(Step),
}

/// Fields that say where a line belongs, not what happened.
const OWN: &[&str] = &[
    "timestamp",
    "level",
    "message",
    "_aws",
    "aws_request_id",
    "function",
    "request_id",
    "service",
    "trace_id",
];

/// Reads a line and the id of the invocation it belongs to; `None` when it belongs to none.
pub(super) fn read(line: &str) -> Option<(String, Read)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let id = line["aws_request_id"].as_str()?;
    // The calls themselves are shown as steps.
    if line["message"] == "outside calls" {
        return None;
    }
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| line[name].as_u64();
    let read = match (line["kind"].as_str(), number("start_us"), number("took_us")) {
        (Some(kind), Some(began_us), Some(took_us)) => {
            let rows = number("rows").map(|rows| format!("{rows} rows"));
            Read::Step(Step {
                kind: kind.to_owned(),
                label: text("message").split_whitespace().collect::<Vec<_>>().join(" "),
                began_us,
                took_us,
                detail: rows.or_else(|| number("status").map(|status| status.to_string())),
            })
        }
        _ => Read::Line(Line {
            at: text("timestamp"),
            level: text("level"),
            message: text("message"),
            fields: fields(&line),
        }),
    };
    Some((id.to_owned(), read))
}

fn fields(line: &Value) -> String {
    let fields = line.as_object().into_iter().flatten();
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().into_iter().flatten();
    let metrics: Vec<&str> = metrics.filter_map(|metric| metric["Name"].as_str()).collect();
    let fields = fields.filter(|(name, value)| {
        !OWN.contains(&name.as_str()) && !metrics.contains(&name.as_str()) && !value.is_null()
    });
    let fields = fields.map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        value => format!("{name}={value}"),
    });
    fields.collect::<Vec<_>>().join(" ")
}
