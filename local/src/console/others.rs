//! Schedules, mails, permissions, and the API explorer with a token in it.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use maud::html;

use super::page::{end, page, shown};
use super::{Console, traces};
use crate::iam::Grant;
use crate::lambda::now;
use crate::schedules::Times;
use crate::seed;

pub(super) async fn schedules(State(console): State<Console>) -> Response {
    let content = html! {
        table {
            thead { tr { th { "function" } th { "when" } th { "next" } th { "last" } th { "" } } }
            tbody {
                @for function in console.functions.iter() {
                    @for trigger in &function.schedules {
                        @let next = Times::read(trigger).ok().and_then(|times| times.next(now()));
                        tr {
                            td { a href={ "/_console/functions/" (function.name) } { (function.name) } }
                            td { code { (trigger.expression) } " " span.dim { (trigger.zone) } }
                            td { (next.map(|next| shown(next, "%a %e %b, %H:%M:%S")).unwrap_or_default()) }
                            td { @if let Some((how, _)) = console.lambda.record().tally(&function.name).last { (end(&how)) } }
                            td { form method="post" action={ "/_console/schedules/" (function.name) "/run" } { button { "Run now" } } }
                        }
                    }
                }
            }
        }
    };
    page(&console, "Schedules", &content)
}

pub(super) async fn run(State(console): State<Console>, Path(name): Path<String>) -> Response {
    let function = console.functions.iter().find(|function| function.name == name);
    let Some(trigger) = function.and_then(|function| function.schedules.first()) else {
        return traces::problem(&console, "There is no such schedule.");
    };
    match console.scheduler.run(&name, trigger, now()).await {
        Ok(_) => Redirect::to(&format!("/_console/functions/{name}")).into_response(),
        Err(err) => traces::problem(&console, &format!("{name} failed: {err:#}")),
    }
}

pub(super) async fn mails(State(console): State<Console>) -> Response {
    let mails = seed::mails(&console.emulator_url).await;
    let content = html! {
        p.dim { "What Amazon SES would have sent. Nothing left this machine." }
        @match mails {
            Err(err) => p.notice.bad { (format!("{err:#}")) },
            Ok(mails) if mails.is_empty() => p.dim { "None yet." },
            Ok(mails) => {
                @for mail in mails.iter().rev() {
                    article.letter {
                        h2 { (mail.subject) }
                        p.dim { "to " (mail.to.join(", ")) " · " (mail.at) }
                        pre { (mail.text) }
                    }
                }
            }
        }
    };
    page(&console, "Mails", &content)
}

pub(super) async fn permissions(State(console): State<Console>) -> Response {
    let (used, denied) = (console.permissions.used(), console.permissions.denied());
    let content = html! {
        p.dim { "What each role of template.yaml grants, and whether anything has used it since the start." }
        @if !denied.is_empty() {
            h2 { "Denied" }
            table {
                thead { tr { th { "function" } th { "role" } th { "action" } th { "resource" } } }
                tbody { @for one in &denied {
                    tr { td { (one.function) } td { (one.role) } td { code { (one.action) } } td { code { (one.resource) } } }
                } }
            }
        }
        @for role in console.permissions.roles() {
            @let functions: BTreeSet<&str> = console.permissions.functions_of(&role.name).collect();
            h2 id=(role.name) { (role.name) }
            p.dim { @for name in &functions { a href={ "/_console/functions/" (name) } { (name) } " " } }
            table {
                thead { tr { th { "action" } th { "resource" } th { "used" } } }
                tbody {
                    @for crate::iam::Allow { action, resource, .. } in &role.allows {
                        @let grant = Grant { role: role.name.clone(), action: action.clone(), resource: resource.clone() };
                        tr {
                            td { code { (action) } } td { code { (resource) } }
                            td { @match used.get(&grant) {
                                Some(by) => { span.tag.good { "used" } " by " (by.iter().cloned().collect::<Vec<_>>().join(", ")) }
                                None => span.dim { "not yet" },
                            } }
                        }
                    }
                }
            }
        }
    };
    page(&console, "Permissions", &content)
}

/// Leads to `/docs` with a token of the demo person where that page looks for one.
pub(super) async fn explorer(State(console): State<Console>) -> Response {
    let token = seed::sign_in(&console.url).await.unwrap_or_default();
    // Letters, digits, dots, dashes and underscores: nothing that would end the text.
    let content = format!(
        "<!doctype html><title>API explorer</title><script>sessionStorage.setItem(\"kitemate-token\", \"{token}\"); \
         location.replace(\"/docs\");</script>"
    );
    let policy = "default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                  frame-ancestors 'none'";
    let headers = [(CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, "no-store")];
    (headers, Html(content)).into_response()
}
