//! What every page of the console has: its frame, its navigation, and how times are written.

use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use super::Console;
use crate::builder::Status;
use crate::record::{End, Invocation};

/// Nothing from elsewhere, and no script or style in the page itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages, in the order of the navigation.
const PAGES: &[(&str, &str)] = &[
    ("Functions", "/_console"),
    ("Traces", "/_console/traces"),
    ("Queues", "/_console/queues"),
    ("Schedules", "/_console/schedules"),
    ("Mails", "/_console/mails"),
    ("Permissions", "/_console/permissions"),
    ("API explorer", "/_console/explorer"),
];

/// A page in its frame.
pub(super) fn page(console: &Console, title: &str, content: &Markup) -> Response {
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · KiteMate" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/_console/style.css";
                script src="/_console/script.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    strong { "KiteMate" } span.dim { " local cloud" }
                    nav aria-label="Pages" {
                        @for (name, path) in PAGES {
                            a href=(path) aria-current=[(*name == title).then_some("page")] { (name) }
                        }
                    }
                    span #live.dim role="status" { "not live" }
                }
                main #main tabindex="-1" {
                    (building(console))
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    let headers = [(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-store")];
    (headers, Html(body.into_string())).into_response()
}

/// What the builder is at, or what the compiler said.
fn building(console: &Console) -> Markup {
    html! {
        @match console.builder.status() {
            Status::Done => {}
            Status::Building(what) => { p.notice role="status" { "Building " (what) "…" } }
            Status::Failed(said) => {
                section.notice.bad role="alert" {
                    strong { "The build failed; the functions run on as they were." }
                    pre { (said) }
                }
            }
        }
    }
}

/// Microseconds as milliseconds.
pub(super) fn ms(us: u64) -> String {
    match us {
        0..100_000 => format!("{:.1} ms", us as f64 / 1000.0),
        100_000..10_000_000 => format!("{:.0} ms", us as f64 / 1000.0),
        _ => format!("{:.1} s", us as f64 / 1_000_000.0),
    }
}

/// A time of day, as this machine's clock has it, from microseconds since 1970.
pub(super) fn clock(us: u64) -> String {
    let at = Timestamp::from_microsecond(i64::try_from(us).unwrap_or_default());
    at.map_or_else(|_| String::new(), |at| shown(at, "%H:%M:%S%.3f"))
}

/// A moment as this machine's clock has it.
pub(super) fn shown(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::system()).strftime(format).to_string()
}

/// How an invocation ended.
pub(super) fn end(end: &End) -> Markup {
    html! {
        @match end {
            End::Running => span.tag { "running" },
            End::Ok(None) => span.tag.good { "ok" },
            End::Ok(Some(status)) => span.tag.good { (status) },
            End::Refused(status) if *status < 500 => span.tag.mild { (status) },
            End::Refused(status) => span.tag.bad { (status) },
            End::Partly(count) => span.tag.bad { (count) " failed" },
            End::Failed(why) => span.tag.bad title=(why) { "failed" },
        }
    }
}

/// Whether its process was started for an invocation.
pub(super) fn temperature(invocation: &Invocation) -> Markup {
    html! {
        @match invocation.init_us {
            Some(init) => span.tag.cold { "cold, " (ms(init)) },
            None => span.dim { "warm" },
        }
    }
}

/// A page that says that there is no such thing.
pub(super) fn missing(console: &Console, what: &str) -> Response {
    let mut response = page(console, "Not found", &html! { p { (what) } });
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response
}
