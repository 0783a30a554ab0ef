//! Queues: how much waits in them, what failed for good, and putting it back.

use std::time::Duration;

use anyhow::Result;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName,
};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::page::page;
use super::{Console, traces};
use crate::resources::Aws;
use crate::template::{ACCOUNT, Queue};

/// A message that is being put back is hidden for this long.
const HIDDEN_S: i32 = 20;

/// A queue and what is in it.
struct Depth {
    waiting: String,
    in_flight: String,
    delayed: String,
}

pub(super) async fn list(State(console): State<Console>) -> Response {
    let mut rows = Vec::new();
    for queue in console.queues.iter().filter(|queue| queue.redrive.is_some()) {
        let dead = console.dead_letters_of(queue);
        let dead_url = dead.map(|dead| console.queue_url(&dead.name));
        let url = console.queue_url(&queue.name);
        let depth = depth(&console.aws, &url).await;
        rows.push((queue, depth, letters(&console.aws, dead_url.as_deref()).await));
    }
    let content = html! {
        table {
            thead { tr {
                th { "queue" } th { "consumer" } th.number { "waiting" } th.number { "in flight" }
                th.number { "delayed" } th.number { "dead letters" } th { "" }
            } }
            tbody { @for (queue, depth, letters) in &rows { (row(&console, queue, depth, letters)) } }
        }
        @for (queue, _, letters) in &rows { (dead(queue, letters)) }
    };
    page(&console, "Queues", &content)
}

fn row(
    console: &Console,
    queue: &Queue,
    depth: &Result<Depth>,
    letters: &Result<Letters>,
) -> Markup {
    let consumer = console.functions.iter().find(|function| {
        function.queue.as_ref().is_some_and(|trigger| trigger.queue == queue.name)
    });
    html! {
        tr {
            td { code { (queue.name) } }
            td { @if let Some(one) = consumer { a href={ "/_console/functions/" (one.name) } { (one.name) } } }
            @match depth {
                Ok(depth) => {
                    td.number { (depth.waiting) } td.number { (depth.in_flight) } td.number { (depth.delayed) }
                }
                Err(err) => { td colspan="3" { (err) } }
            }
            td.number { @match letters {
                Ok(Letters { count: 0, .. }) => "0",
                Ok(letters) => span.tag.bad { (letters.count) },
                Err(err) => (err),
            } }
            td { @if letters.as_ref().is_ok_and(|letters| letters.count > 0) {
                form method="post" action={ "/_console/queues/" (queue.name) "/redrive" } { button { "Redrive all" } }
            } }
        }
    }
}

fn dead(queue: &Queue, letters: &Result<Letters>) -> Markup {
    html! {
        @if let Ok(letters) = letters && letters.count > 0 {
            h2 { "Dead letters of " (queue.name) }
            @if letters.count > letters.first.len() { p.dim { "The first " (letters.first.len()) " of " (letters.count) "." } }
            @for letter in &letters.first {
                @let attribute = |name| letter.attributes().and_then(|all| all.get(&name)).cloned();
                @let id = letter.message_id().unwrap_or_default();
                section.letter {
                    p { code { (id) }
                        @if let Some(trace) = attribute(MessageSystemAttributeName::AwsTraceHeader) {
                            " · " a href={ "/_console/traces/" (crate::record::trace_id(&trace)) } { "its trace" }
                        }
                    }
                    pre { (letter.body().unwrap_or_default()) }
                    form method="post" action={ "/_console/queues/" (queue.name) "/redrive/" (id) } { button { "Redrive" } }
                }
            }
        }
    }
}

async fn depth(aws: &Aws, url: &str) -> Result<Depth> {
    let answer =
        aws.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let answer = answer.send().await?;
    let of = |name| {
        answer.attributes().and_then(|all| all.get(&name)).cloned().unwrap_or_else(|| "0".into())
    };
    Ok(Depth {
        waiting: of(QueueAttributeName::ApproximateNumberOfMessages),
        in_flight: of(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        delayed: of(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
    })
}

/// The dead letters of a queue, of which a look shows ten.
#[derive(Default)]
struct Letters {
    count: usize,
    first: Vec<Message>,
}

/// Looks at them; whoever looks next sees them too.
async fn letters(aws: &Aws, url: Option<&str>) -> Result<Letters> {
    let Some(url) = url else { return Ok(Letters::default()) };
    let first = receive(aws, url, 0).await?;
    let count = depth(aws, url).await?.waiting.parse().unwrap_or(0).max(first.len());
    Ok(Letters { count, first })
}

async fn receive(aws: &Aws, url: &str, hidden_s: i32) -> Result<Vec<Message>> {
    let receive = aws.sqs.receive_message().queue_url(url).max_number_of_messages(10);
    let receive = receive.visibility_timeout(hidden_s).wait_time_seconds(0);
    let names = receive.message_system_attribute_names(MessageSystemAttributeName::All);
    Ok(names.send().await?.messages.unwrap_or_default())
}

pub(super) async fn redrive_all(
    State(console): State<Console>,
    Path(queue): Path<String>,
) -> Response {
    redriven(&console, &queue, None).await
}

pub(super) async fn redrive_one(
    State(console): State<Console>,
    Path((queue, id)): Path<(String, String)>,
) -> Response {
    redriven(&console, &queue, Some(&id)).await
}

async fn redriven(console: &Console, name: &str, only: Option<&str>) -> Response {
    let queue = console.queues.iter().find(|queue| queue.name == name);
    let Some((queue, dead)) =
        queue.and_then(|queue| Some((queue, console.dead_letters_of(queue)?)))
    else {
        return traces::problem(console, "There is no such queue with dead letters.");
    };
    let (from, to) = (console.queue_url(&dead.name), console.queue_url(&queue.name));
    match redrive(&console.aws, &from, &to, only).await {
        Ok(()) => {
            // So that the page that follows shows what came of it.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Redirect::to("/_console/queues").into_response()
        }
        Err(err) => traces::problem(console, &format!("Not redriven: {err:#}")),
    }
}

/// Puts dead letters back into their queue: sent first and deleted after, so that none is lost.
async fn redrive(aws: &Aws, from: &str, to: &str, only: Option<&str>) -> Result<()> {
    let mut left_alone = Vec::new();
    // Those that are there now: one that fails again meanwhile is not sent again and again.
    let mut left = letters(aws, Some(from)).await?.count;
    while left > 0 {
        let letters = receive(aws, from, HIDDEN_S).await?;
        if letters.is_empty() {
            break;
        }
        left = left.saturating_sub(letters.len());
        for letter in letters {
            let receipt = letter.receipt_handle().unwrap_or_default().to_owned();
            if only.is_some_and(|only| letter.message_id() != Some(only)) {
                left_alone.push(receipt);
                continue;
            }
            send(aws, to, &letter).await?;
            aws.sqs.delete_message().queue_url(from).receipt_handle(receipt).send().await?;
        }
    }
    for receipt in left_alone {
        let show = aws.sqs.change_message_visibility().queue_url(from).receipt_handle(receipt);
        show.visibility_timeout(0).send().await?;
    }
    Ok(())
}

async fn send(aws: &Aws, to: &str, letter: &Message) -> Result<()> {
    let attribute = |name| letter.attributes().and_then(|all| all.get(&name)).cloned();
    let mut send =
        aws.sqs.send_message().queue_url(to).message_body(letter.body().unwrap_or_default());
    if let Some(group) = attribute(MessageSystemAttributeName::MessageGroupId) {
        send = send.message_group_id(group);
    }
    if let Some(trace) = attribute(MessageSystemAttributeName::AwsTraceHeader) {
        let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace);
        let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
        send = send.message_system_attributes(name, value.build()?);
    }
    send.send().await?;
    Ok(())
}

/// The URL of a queue by its name.
pub(super) fn url(emulator_url: &str, name: &str) -> String {
    format!("{emulator_url}/{ACCOUNT}/{name}")
}
