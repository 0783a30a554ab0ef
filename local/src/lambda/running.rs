//! A function, its processes, and the events they have or wait for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::{Answer, Outcome, epoch_us};
use crate::record::{Cause, Invocation, trace_id};
use crate::template::Function;

/// A function and its processes.
pub(super) struct Running {
    pub(super) spec: Function,
    pub(super) state: Mutex<State>,
    /// Wakes the processes that wait for an event; each looks whether there is one for it.
    pub(super) event: Notify,
    pub(super) started: AtomicUsize,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) pending: VecDeque<Pending>,
    pub(super) in_flight: BTreeMap<String, (u64, oneshot::Sender<Answer>)>,
    /// Processes that wait for an event, and those that have not asked for one yet.
    pub(super) idle: BTreeSet<u64>,
    pub(super) starting: usize,
    pub(super) processes: BTreeMap<u64, Process>,
    /// Processes whose answer is a stream that goes on.
    pub(super) streaming: BTreeSet<u64>,
    /// Processes of an old binary, which end when they ask for their next event.
    pub(super) leaving: BTreeSet<u64>,
}

/// A process of a function; dropping it ends it.
pub(super) struct Process {
    pub(super) _stop: oneshot::Sender<()>,
    pub(super) started_us: u64,
    /// How long it took to ask for its first event, until that is told.
    pub(super) init_us: Option<u64>,
    /// Whether it has asked for an event yet, which ends its start.
    pub(super) asked: bool,
}

/// An event that waits for a process.
pub(super) struct Pending {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) cause: Cause,
    /// The X-Ray header it is given.
    pub(super) trace: String,
    pub(super) asked_us: u64,
    pub(super) answer: oneshot::Sender<Answer>,
}

impl Pending {
    /// What is recorded of it before a process has it.
    pub(super) fn recorded(&self, function: &str) -> Invocation {
        let own = trace_id(&self.trace).to_owned();
        let others = self.cause.traces.iter().map(|header| trace_id(header).to_owned());
        let others: Vec<String> = others.filter(|id| *id != own).collect();
        Invocation {
            id: self.id.clone(),
            function: function.to_owned(),
            cause: self.cause.clone(),
            traces: [vec![own], others].concat(),
            asked_us: self.asked_us,
            began_us: self.asked_us,
            ..Invocation::default()
        }
    }
}

impl Running {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process asks for an event: it has started.
    pub(super) fn process_asked(&self, number: u64) {
        let mut state = self.state();
        if let Some(process) = state.processes.get_mut(&number)
            && !std::mem::replace(&mut process.asked, true)
        {
            process.init_us = Some(epoch_us().saturating_sub(process.started_us));
            state.starting = state.starting.saturating_sub(1);
        }
    }

    /// The process that has an event answers it in a stream.
    pub(super) fn begins_to_stream(
        &self,
        id: &str,
        process: u64,
    ) -> Option<oneshot::Sender<Answer>> {
        let mut state = self.state();
        let (_, answer) = state.in_flight.remove(id)?;
        state.streaming.insert(process);
        Some(answer)
    }

    /// Ends a process in the middle of what it does.
    pub(super) fn end_process(&self, number: u64) {
        let mut state = self.state();
        state.processes.remove(&number);
        state.idle.remove(&number);
    }

    pub(super) fn process_ended(&self, number: u64, how: &str) {
        let mut state = self.state();
        let lost: Vec<String> = state
            .in_flight
            .iter()
            .filter(|(_, (process, _))| *process == number)
            .map(|(id, _)| id.clone())
            .collect();
        for id in lost {
            if let Some((_, answer)) = state.in_flight.remove(&id) {
                let _ = answer.send(Outcome::error("Runtime.ExitError", how).into());
            }
        }
        state.leaving.remove(&number);
        state.idle.remove(&number);
        state.streaming.remove(&number);
        let Some(process) = state.processes.remove(&number) else { return };
        if !process.asked {
            // It ended before it asked for an event and would do so again: whoever waits is told.
            state.starting = state.starting.saturating_sub(1);
            for pending in std::mem::take(&mut state.pending) {
                let _ = pending.answer.send(Outcome::error("Runtime.InitError", how).into());
            }
        }
    }
}
