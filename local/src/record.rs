//! What happened lately: the last invocations with their lines, statements and calls, by trace.
//!
//! Gateway, queues, schedules and processes tell it; the console reads it. It keeps the last 10,000
//! invocations and forgets the oldest first.

mod line;
mod redact;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use crate::lambda::{Outcome, epoch_us};
pub use line::{Line, Step};

/// Invocations kept.
pub const MOST: usize = 10_000;
/// Of each function, so many durations make its percentiles.
const MOST_DURATIONS: usize = 1_000;
/// Of one invocation, so many lines and steps are kept.
const MOST_LINES: usize = 500;

/// What an invocation came from.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    /// What kind of thing called.
    pub kind: Kind,
    /// Which one: a method and path, a queue, a schedule's name.
    pub label: String,
    /// The X-Ray headers it came with; several where messages of several traces came together.
    pub traces: Vec<String>,
    /// Since when it was under way, in microseconds since 1970: a message's sending.
    pub since_us: Option<u64>,
}

/// What kind of thing called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The local cloud itself, or a test.
    #[default]
    Direct,
    /// API Gateway.
    Gateway,
    /// A queue.
    Queue,
    /// A schedule.
    Schedule,
    /// The Invoke API.
    InvokeApi,
    /// Somebody in the console.
    Console,
}

impl Kind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Gateway => "gateway",
            Self::Queue => "queue",
            Self::Schedule => "schedule",
            Self::InvokeApi => "invoke",
            Self::Console => "console",
        }
    }
}

impl Cause {
    /// A cause that begins a trace of its own.
    pub fn new(kind: Kind, label: impl Into<String>) -> Self {
        Self { kind, label: label.into(), traces: vec![new_trace()], since_us: None }
    }

    /// The header the invocation is given: that of the cause, or a new one where it has several.
    pub fn header(&self) -> String {
        match self.traces.as_slice() {
            [one] => one.clone(),
            _ => new_trace(),
        }
    }
}

/// A new trace, as X-Ray writes its header.
pub fn new_trace() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{};Sampled=1", epoch_us() / 1_000_000, &random[..24])
}

/// A header's trace id.
pub fn trace_id(header: &str) -> &str {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="));
    root.unwrap_or(header)
}

/// An invocation.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Lambda's id of it.
    pub id: String,
    /// The function.
    pub function: String,
    /// The number of its process, once it has one.
    pub process: Option<u64>,
    /// What it came from.
    pub cause: Cause,
    /// Its traces' ids, its own first.
    pub traces: Vec<String>,
    /// How long its process took to start, if it started for it.
    pub init_us: Option<u64>,
    /// When the event was there, in microseconds since 1970.
    pub asked_us: u64,
    /// When its process was given it; until then, when the event was there.
    pub began_us: u64,
    /// When the first byte of a stream was there.
    pub answers_us: Option<u64>,
    /// When it had answered.
    pub ended_us: Option<u64>,
    /// How it ended.
    pub end: End,
    /// Its event, without secrets, cut short.
    pub event: String,
    /// Its answer, the same.
    pub answer: String,
    /// Statements and calls.
    pub steps: Vec<Step>,
    /// What it logged.
    pub lines: Vec<Line>,
}

/// How an invocation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It has not.
    #[default]
    Running,
    /// With what was wanted, and an HTTP status where it was HTTP.
    Ok(Option<u16>),
    /// With a refusal.
    Refused(u16),
    /// Some records of a batch failed.
    Partly(usize),
    /// With an error.
    Failed(String),
}

impl Invocation {
    /// How long it took, without what it waited before.
    pub fn took_us(&self) -> u64 {
        self.ended_us.unwrap_or_else(epoch_us).saturating_sub(self.began_us)
    }

    /// Whether something in it went wrong on our side.
    pub fn failed(&self) -> bool {
        match self.end {
            End::Failed(_) | End::Partly(_) => true,
            End::Refused(status) => status >= 500,
            End::Running | End::Ok(_) => false,
        }
    }
}

/// A request at the gateway.
#[derive(Clone, Debug)]
pub struct GatewayRequest {
    /// Method and path.
    pub label: String,
    /// Its trace's id.
    pub trace: String,
    /// When it came, in microseconds since 1970.
    pub began_us: u64,
    /// When it was answered.
    pub ended_us: u64,
    /// With which status.
    pub status: u16,
}

/// What a function did so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Invocations.
    pub count: u64,
    /// Of those, such that failed on our side.
    pub errors: u64,
    /// Of those, such that started a process.
    pub cold: u64,
    /// How long the last ones took, in microseconds.
    durations: VecDeque<u64>,
    /// How the last one ended.
    pub last: Option<(End, u64)>,
}

impl Tally {
    /// The time that so many of a hundred stayed within.
    pub fn percentile_us(&self, percent: usize) -> Option<u64> {
        let mut sorted: Vec<u64> = self.durations.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
    }
}

/// The record, cheap to clone.
#[derive(Clone, Debug)]
pub struct Record(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Mutex<Store>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Store {
    order: VecDeque<String>,
    invocations: HashMap<String, Invocation>,
    by_trace: HashMap<String, Vec<String>>,
    asked: VecDeque<GatewayRequest>,
    tallies: BTreeMap<String, Tally>,
}

impl Default for Record {
    fn default() -> Self {
        Self(Arc::new(Shared { store: Mutex::default(), changed: watch::Sender::new(0) }))
    }
}

impl Record {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store());
        self.touch();
    }

    /// Something that a page shows has changed.
    pub fn touch(&self) {
        self.0.changed.send_modify(|version| *version += 1);
    }

    /// Tells of changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// A function was asked to take an event.
    pub fn asked(&self, mut invocation: Invocation, event: &Bytes) {
        invocation.event = redact::shown(event);
        self.change(|store| store.add(invocation));
    }

    /// A process was given it, and needed so long to start if it was started for it.
    pub fn given(&self, id: &str, process: u64, init_us: Option<u64>) {
        self.change(|store| {
            if let Some(invocation) = store.invocations.get_mut(id) {
                (invocation.process, invocation.init_us) = (Some(process), init_us);
                invocation.began_us = epoch_us();
            }
        });
    }

    /// A process wrote a line.
    pub fn said(&self, line: &str) {
        let Some((id, line)) = line::read(line) else { return };
        self.change(|store| {
            let Some(invocation) = store.invocations.get_mut(&id) else { return };
            match line {
                line::Read::Step(step) if invocation.steps.len() < MOST_LINES => {
                    invocation.steps.push(step);
                }
                line::Read::Line(line) if invocation.lines.len() < MOST_LINES => {
                    invocation.lines.push(line);
                }
                _ => {}
            }
        });
    }

    /// The first byte of a stream is there.
    pub fn begins_to_answer(&self, id: &str) {
        self.change(|store| {
            if let Some(invocation) = store.invocations.get_mut(id) {
                invocation.answers_us = Some(epoch_us());
            }
        });
    }

    /// An invocation has ended.
    pub fn ended(&self, id: &str, outcome: &Outcome) {
        let (end, answer) = (end_of(outcome), redact::shown(&outcome.payload));
        self.change(|store| store.end(id, end, answer));
    }

    /// The gateway has answered.
    pub fn answered(&self, asked: GatewayRequest) {
        self.change(|store| {
            store.asked.push_back(asked);
            if store.asked.len() > MOST {
                store.asked.pop_front();
            }
        });
    }

    /// The invocations that `keep` keeps, newest first, `most` at most.
    pub fn latest(&self, most: usize, keep: impl Fn(&Invocation) -> bool) -> Vec<Invocation> {
        let store = self.store();
        let newest = store.order.iter().rev().filter_map(|id| store.invocations.get(id));
        newest.filter(|invocation| keep(invocation)).take(most).cloned().collect()
    }

    /// What belongs to a trace: the gateway's requests and the invocations, as they began.
    pub fn trace(&self, id: &str) -> (Vec<GatewayRequest>, Vec<Invocation>) {
        let store = self.store();
        let asked = store.asked.iter().filter(|asked| asked.trace == id).cloned().collect();
        let ids = store.by_trace.get(id).into_iter().flatten();
        let mut invocations: Vec<Invocation> =
            ids.filter_map(|id| store.invocations.get(id)).cloned().collect();
        invocations.sort_by_key(|invocation| invocation.asked_us);
        (asked, invocations)
    }

    /// What a function did so far.
    pub fn tally(&self, function: &str) -> Tally {
        self.store().tallies.get(function).cloned().unwrap_or_default()
    }

    /// How many invocations are kept.
    pub fn len(&self) -> usize {
        self.store().order.len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Store {
    fn add(&mut self, invocation: Invocation) {
        for trace in &invocation.traces {
            self.by_trace.entry(trace.clone()).or_default().push(invocation.id.clone());
        }
        self.order.push_back(invocation.id.clone());
        self.invocations.insert(invocation.id.clone(), invocation);
        while self.order.len() > MOST {
            let oldest = self.order.pop_front().and_then(|id| self.invocations.remove(&id));
            for trace in oldest.into_iter().flat_map(|oldest| oldest.traces) {
                if let Some(ids) = self.by_trace.get_mut(&trace) {
                    ids.retain(|id| self.invocations.contains_key(id));
                    if ids.is_empty() {
                        self.by_trace.remove(&trace);
                    }
                }
            }
        }
    }

    fn end(&mut self, id: &str, end: End, answer: String) {
        let Some(invocation) = self.invocations.get_mut(id) else { return };
        invocation.ended_us = Some(epoch_us());
        invocation.end = end.clone();
        invocation.answer = answer;
        let tally = self.tallies.entry(invocation.function.clone()).or_default();
        tally.count += 1;
        tally.errors += u64::from(invocation.failed());
        tally.cold += u64::from(invocation.init_us.is_some());
        tally.durations.push_back(invocation.took_us());
        if tally.durations.len() > MOST_DURATIONS {
            tally.durations.pop_front();
        }
        tally.last = Some((end, epoch_us()));
    }
}

fn end_of(outcome: &Outcome) -> End {
    let answer: Value = serde_json::from_slice(&outcome.payload).unwrap_or_default();
    if outcome.failed {
        let kind = answer["errorType"].as_str().unwrap_or("error");
        let message = answer["errorMessage"].as_str().unwrap_or_default();
        return End::Failed(format!("{kind}: {message}"));
    }
    if let Some(failures) = answer["batchItemFailures"].as_array() {
        return if failures.is_empty() { End::Ok(None) } else { End::Partly(failures.len()) };
    }
    match answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        Some(status) if status >= 400 => End::Refused(status),
        status => End::Ok(status),
    }
}

#[cfg(test)]
mod tests;
