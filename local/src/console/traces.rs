//! Traces: what one request led to, over every hop, as a waterfall.

use std::fmt::Write;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::Console;
use super::functions::invocations;
use super::page::{clock, end, missing, ms, page, temperature};
use crate::record::{GatewayRequest, Invocation, Kind};

/// Invocations shown at a time.
const SHOWN: usize = 100;

/// Which invocations to show.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    function: String,
    /// `failed` for those alone.
    #[serde(default)]
    only: String,
    /// Those that began before, in microseconds since 1970.
    before: Option<u64>,
}

pub(super) async fn list(State(console): State<Console>, Query(wanted): Query<Wanted>) -> Response {
    let keep = |one: &Invocation| {
        (wanted.function.is_empty() || one.function == wanted.function)
            && (wanted.only != "failed" || one.failed())
            && wanted.before.is_none_or(|before| one.began_us < before)
    };
    let latest = console.lambda.record().latest(SHOWN, keep);
    let content = html! {
        form.filter method="get" {
            label { "Function "
                select name="function" {
                    option value="" { "all" }
                    @for function in console.functions.iter() {
                        option selected[function.name == wanted.function] { (function.name) }
                    }
                }
            }
            label { input type="checkbox" name="only" value="failed" checked[wanted.only == "failed"]; " failed only" }
            button { "Show" }
        }
        (invocations(&latest))
        @if latest.len() == SHOWN && let Some(last) = latest.last() {
            p { a href={ "/_console/traces?function=" (wanted.function) "&only=" (wanted.only) "&before=" (last.began_us) } { "Older" } }
        }
    };
    page(&console, "Traces", &content)
}

/// A bar of the waterfall.
struct Bar {
    depth: usize,
    class: &'static str,
    label: String,
    detail: String,
    began_us: u64,
    took_us: u64,
}

pub(super) async fn one(State(console): State<Console>, Path(id): Path<String>) -> Response {
    let (asked, mut all) = console.lambda.record().trace(&id);
    if asked.is_empty() && all.is_empty() {
        return missing(&console, "There is no such trace, or it is no longer kept.");
    }
    all.iter_mut().for_each(|one| one.steps.sort_by_key(|step| step.began_us));
    let bars = bars(&asked, &all);
    let from = bars.iter().map(|bar| bar.began_us).min().unwrap_or_default();
    let to = bars.iter().map(|bar| bar.began_us + bar.took_us).max().unwrap_or_default();
    let content = html! {
        p.dim { code { (id) } " · " (clock(from)) " · " (ms(to - from)) }
        table.waterfall {
            thead { tr { th { "what" } th { "when" } th.number { "took" } th { "" } } }
            tbody { @for bar in &bars { (waterfall_row(bar, from, to - from)) } }
        }
        @for one in &all { (details(one)) }
    };
    page(&console, "Trace", &content)
}

fn bars(asked: &[GatewayRequest], all: &[Invocation]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = asked
        .iter()
        .map(|asked| Bar {
            depth: 0,
            class: "gateway",
            label: format!("gateway {}", asked.label),
            detail: asked.status.to_string(),
            began_us: asked.began_us,
            took_us: asked.ended_us.saturating_sub(asked.began_us),
        })
        .collect();
    for one in all {
        invocation_bars(one, &mut bars);
    }
    bars
}

fn invocation_bars(one: &Invocation, bars: &mut Vec<Bar>) {
    let mut bar = |depth, class, label: String, detail: String, began_us, took_us| {
        bars.push(Bar { depth, class, label, detail, began_us, took_us });
    };
    if one.cause.kind == Kind::Queue {
        let sent = one.cause.since_us.unwrap_or(one.asked_us).min(one.asked_us);
        bar(
            0,
            "queue",
            format!("queue {}", one.cause.label),
            String::new(),
            sent,
            one.asked_us - sent,
        );
    }
    let waited = one.began_us.saturating_sub(one.asked_us);
    if let Some(init) = one.init_us {
        let init = init.min(waited);
        bar(1, "init", "init".into(), "a process was started".into(), one.began_us - init, init);
    }
    let mut detail = match one.process {
        Some(process) => format!("process {process}"),
        None => "no process had it".into(),
    };
    if let Some(answers_us) = one.answers_us {
        let _ =
            write!(detail, ", first byte after {}", ms(answers_us.saturating_sub(one.began_us)));
    }
    bar(1, "handler", one.function.clone(), detail, one.began_us, one.took_us());
    for step in &one.steps {
        let class = match step.kind.as_str() {
            "sql" | "connect" => "sql",
            _ => "call",
        };
        let detail = step.detail.clone().unwrap_or_default();
        bar(2, class, step.label.clone(), detail, step.began_us, step.took_us);
    }
}

fn waterfall_row(bar: &Bar, from: u64, whole: u64) -> Markup {
    // In thousandths of the whole, and never too thin to be seen.
    let share = |us: u64| us * 1000 / whole.max(1);
    let (x, width) = (share(bar.began_us - from).min(997), share(bar.took_us).max(3));
    html! {
        tr {
            td class={ "depth" (bar.depth) } { code title=(bar.label) { (bar.label) } }
            td.bar {
                svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={ "from " (ms(bar.began_us - from)) " for " (ms(bar.took_us)) } {
                    rect class=(bar.class) x=(x) y="1" width=(width) height="8" rx="1" {}
                }
            }
            td.number { (ms(bar.took_us)) }
            td.dim { (bar.detail) }
        }
    }
}

fn details(one: &Invocation) -> Markup {
    html! {
        section {
            h2 { a href={ "/_console/functions/" (one.function) } { (one.function) } " " (end(&one.end)) " " (temperature(one)) }
            @if let crate::record::End::Failed(why) = &one.end { p.notice.bad { (why) } }
            p.dim { (one.cause.kind.name()) " " code { (one.cause.label) } " · " code { (one.id) }
                @if one.traces.len() > 1 { " · with messages of " (one.traces.len() - 1) " more traces" }
            }
            (lines(one))
            details id={ "event-" (one.id) } { summary { "Event" } pre { (one.event) } }
            details id={ "answer-" (one.id) } { summary { "Answer" } pre { (one.answer) } }
        }
    }
}

fn lines(one: &Invocation) -> Markup {
    html! {
        @if one.lines.is_empty() { p.dim { "It logged nothing." } }
        @else {
            table.log {
                thead { tr { th { "at" } th { "level" } th { "line" } } }
                tbody {
                    @for line in &one.lines {
                        tr {
                            td.dim { (line.at.get(11..23).unwrap_or_default()) }
                            td { span class={ "tag " (level(&line.level)) } { (line.level) } }
                            td { (line.message) " " span.dim { (line.fields) } }
                        }
                    }
                }
            }
        }
    }
}

fn level(level: &str) -> &'static str {
    match level {
        "ERROR" => "bad",
        "WARN" => "mild",
        _ => "",
    }
}

/// Says what is wrong with what was asked for.
pub(super) fn problem(console: &Console, what: &str) -> Response {
    let mut response = page(console, "Not done", &html! { p.notice.bad role="alert" { (what) } });
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
