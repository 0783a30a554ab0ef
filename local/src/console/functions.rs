//! Functions: what calls them, how they fare, and a way to call them.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{clock, end, missing, ms, page, temperature};
use super::{Console, traces};
use crate::record::{Cause, Invocation, Kind, trace_id};
use crate::template::Function;
use crate::{command, seed};

/// Invocations shown of one function.
const SHOWN: usize = 50;

pub(super) async fn list(State(console): State<Console>) -> Response {
    let record = console.lambda.record();
    let content = html! {
        p.dim {
            (console.functions.len()) " functions of template.yaml; " (record.len())
            " invocations are kept. Times are those of " (if crate::home::RELEASE { "release" } else { "debug" }) " builds."
        }
        table {
            thead { tr {
                th { "function" } th { "called by" } th { "who may" } th { "last" } th.number { "processes" }
                th.number { "calls" } th.number { "errors" } th.number { "cold" } th.number { "p50" } th.number { "p99" }
            } }
            tbody {
                @for function in console.functions.iter() {
                    @let tally = record.tally(&function.name);
                    tr {
                        td { a href={ "/_console/functions/" (function.name) } { (function.name) } }
                        td { code { (trigger(function)) } }
                        td { (console.callers(&function.name)) }
                        td { @if let Some((how, at)) = &tally.last { (end(how)) " " span.dim { (clock(*at)) } } }
                        td.number { (console.lambda.processes(&function.name)) }
                        td.number { (tally.count) }
                        td.number { @if tally.errors > 0 { span.tag.bad { (tally.errors) } } @else { "0" } }
                        td.number { (tally.cold) }
                        td.number { (tally.percentile_us(50).map(ms).unwrap_or_default()) }
                        td.number { (tally.percentile_us(99).map(ms).unwrap_or_default()) }
                    }
                }
            }
        }
    };
    page(&console, "Functions", &content)
}

/// What calls a function, in short.
pub(super) fn trigger(function: &Function) -> String {
    if let Some(route) = function.routes.first() {
        return format!("{} {}", route.method, route.path);
    }
    if let Some(queue) = &function.queue {
        return format!("queue {}", queue.queue);
    }
    if function.schedules.is_empty() {
        return "deployment".into();
    }
    let times: Vec<&str> = function.schedules.iter().map(|one| one.expression.as_str()).collect();
    times.join(", ")
}

pub(super) async fn one(State(console): State<Console>, Path(name): Path<String>) -> Response {
    let Some(function) = console.functions.iter().find(|one| one.name == name) else {
        return missing(&console, "template.yaml has no such function.");
    };
    let sample = console.root.join("events").join(format!("{name}.json"));
    let sample = std::fs::read_to_string(sample).unwrap_or_default();
    let latest = console.lambda.record().latest(SHOWN, |one| one.function == name);
    let content = html! {
        (about(&console, function))
        h2 { "Send an event" }
        form method="post" action={ "/_console/functions/" (name) "/send" } {
            label { "The event; " code { (command::DEMO_TOKEN) } " becomes a token of the demo person."
                textarea name="event" rows="12" spellcheck="false" { (sample) }
            }
            button { "Send" }
        }
        h2 { "Last invocations" }
        (invocations(&latest))
    };
    page(&console, &name, &content)
}

fn about(console: &Console, function: &Function) -> Markup {
    let service = function.name.split('-').next().unwrap_or_default();
    let module = function.name[service.len()..].trim_start_matches('-').replace('-', "_");
    html! {
        dl {
            dt { "called by" } dd { code { (trigger(function)) } " — " (console.callers(&function.name)) }
            dt { "source" } dd { code { "functions/" (service) "/src/" (module) ".rs" } }
            dt { "template" } dd { code { (function.place) } }
            dt { "sample event" } dd { code { "events/" (function.name) ".json" } }
            dt { "role" } dd { a href={ "/_console/permissions#" (function.role) } { (function.role) } }
            dt { "limits" } dd { (function.memory_mb) " MB, " (function.timeout.as_secs()) " s" }
            dt { "settings" } dd {
                @for name in function.environment.keys() { code { (name) } " " }
            }
        }
    }
}

/// Invocations as rows, each leading to its trace.
pub(super) fn invocations(all: &[Invocation]) -> Markup {
    html! {
        @if all.is_empty() { p.dim { "None yet." } }
        @else {
            table {
                thead { tr {
                    th { "at" } th { "function" } th { "came from" } th { "end" } th.number { "took" }
                    th { "process" } th.number { "statements" } th.number { "calls" }
                } }
                tbody { @for one in all { (row(one)) } }
            }
        }
    }
}

fn row(one: &Invocation) -> Markup {
    let steps = |kind: &str| one.steps.iter().filter(|step| step.kind == kind).count();
    let trace = one.traces.first().map(String::as_str).unwrap_or_default();
    html! {
        tr {
            td { a href={ "/_console/traces/" (trace) } { (clock(one.began_us)) } }
            td { (one.function) }
            td { (one.cause.kind.name()) " " code { (one.cause.label) } }
            td { (end(&one.end)) }
            td.number { (ms(one.took_us())) }
            td { (temperature(one)) }
            td.number { (steps("sql")) }
            td.number { (steps("call")) }
        }
    }
}

/// An event to send.
#[derive(Deserialize)]
pub(super) struct Event {
    event: String,
}

/// Sends an event and shows what came of it.
pub(super) async fn send(
    State(console): State<Console>,
    Path(name): Path<String>,
    Form(mut sent): Form<Event>,
) -> Response {
    if !console.lambda.has(&name) {
        return missing(&console, "template.yaml has no such function.");
    }
    if sent.event.contains(command::DEMO_TOKEN) {
        match seed::sign_in(&console.url).await {
            Ok(token) => sent.event = sent.event.replace(command::DEMO_TOKEN, &token),
            Err(err) => return traces::problem(&console, &format!("No token: {err:#}")),
        }
    }
    if let Err(err) = serde_json::from_str::<serde::de::IgnoredAny>(&sent.event) {
        return traces::problem(&console, &format!("The event is not JSON: {err}"));
    }
    let cause = Cause::new(Kind::Console, "");
    let trace = trace_id(&cause.header()).to_owned();
    console.lambda.call(&name, sent.event.into(), cause).await;
    Redirect::to(&format!("/_console/traces/{trace}")).into_response()
}
