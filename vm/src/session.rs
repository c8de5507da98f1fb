//! A session: all mutable state of one run of a protocol, and the pick that steps it.
//!
//! Nothing here belongs to another session, so a driver may map the picks of a wave as it likes.

mod finish;

pub use finish::{FinalValue, SessionEnd, SessionReport};

use crate::config::{Retention, VMConfig};
use crate::edge::Edge;
use crate::event::{EventKind, Log, Recording};
use crate::fault::Fault;
use crate::handler::{Failure, FailureKind, Handler, HostStep, Settled};
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::program::Program;
use crate::kernel::{Outcome, VMKernel, perform};
use crate::value::Value;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tell_ir::instr::Reg;

/// A coroutine's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coroutine {
    pub(crate) pc: u32,
    pub(crate) status: Status,
}

/// Whether a coroutine can step, and what it waits for if not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// In the ready queue.
    Ready,
    /// For a message on an edge.
    Receiving { edge: u32 },
    /// For a message on one of the edges of a choose table.
    Choosing { table: u32 },
    /// For room on a full edge.
    Sending { edge: u32 },
    /// For the answer to a request.
    Performing(Request),
    /// Done; its final values are those of the finals table.
    Halted { finals: u32 },
}

/// An outstanding request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) op: u16,
    pub(crate) args: Reg,
    pub(crate) dst: Reg,
}

/// What the kernel reads and writes.
#[derive(Debug)]
pub struct SessionState {
    pub(crate) id: SessionId,
    pub(crate) coroutines: Box<[Coroutine]>,
    pub(crate) registers: Box<[Value]>,
    pub(crate) edges: Box<[Edge]>,
    /// Coroutines that can step; the first one is the one that steps.
    pub(crate) ready: VecDeque<u16>,
    pub(crate) requests: u32,
    pub(crate) log: Log,
    pub(crate) config: Arc<VMConfig>,
}

impl SessionState {
    /// The state before the first step; parameters are still unset.
    #[doc(hidden)]
    #[must_use]
    pub fn new(program: &Program, image: ImageId, id: SessionId, config: &Arc<VMConfig>) -> Self {
        let recording = if config.trace == Retention::Off { Recording::Off } else { Recording::On };
        let count = program.roles.len();
        let mut edges = Vec::new();
        edges.resize_with(program.edges.len(), Edge::default);
        Self {
            id,
            coroutines: vec![Coroutine { pc: 0, status: Status::Ready }; count].into(),
            registers: vec![Value::Unit; program.registers].into(),
            edges: edges.into(),
            ready: (0..).take(count).collect(),
            requests: 0,
            log: Log::new(id, image, recording),
            config: Arc::clone(config),
        }
    }
}

/// Makes the handler of one effect for one session.
pub(crate) type LocalFactory = dyn Fn() -> Box<dyn Handler + Send> + Send + Sync;

/// Who answers the operations of an effect instance.
#[derive(Clone)]
pub(crate) enum Provider {
    /// A handler per session.
    Local(Arc<LocalFactory>),
    /// The machine's handler with that number.
    Shared(usize),
}

/// A program with its handlers.
pub(crate) struct Loaded {
    pub(crate) program: Program,
    /// Per effect instance.
    pub(crate) providers: Vec<Provider>,
}

/// One run of a protocol.
pub(crate) struct Session {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) state: SessionState,
    /// Per effect instance, from first use.
    handlers: Vec<Option<Box<dyn Handler + Send>>>,
    /// Steps the first ready coroutine has made in a row.
    streak: u32,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

/// How a pick ended.
#[derive(Debug)]
pub(crate) enum PickEnd {
    /// It can go on.
    Ready,
    /// It waits for an answer from outside.
    Waiting,
    /// This coroutine's request has to go to a shared handler.
    Request(u16),
    /// The session is over.
    Ended(SessionEnd),
}

/// What a call of a handler led to.
pub(crate) enum Answered {
    /// The answer is committed.
    Done,
    /// It comes later.
    Later,
    /// The session has to end.
    Faulted(Box<Fault>),
}

impl Session {
    pub(crate) fn new(loaded: Arc<Loaded>, state: SessionState) -> Self {
        Self { loaded, state, handlers: Vec::new(), streak: 0 }
    }

    /// Up to `quantum` steps. Returns how many were committed and how it ended.
    ///
    /// Cooperative: the first ready coroutine goes on until it cannot, or has made a slice of steps.
    pub(crate) fn pick(&mut self, quantum: u32) -> (u32, PickEnd) {
        let before = self.state.log.tick;
        let end = self.run(quantum);
        (u32::try_from(self.state.log.tick - before).unwrap_or(u32::MAX), end)
    }

    fn run(&mut self, quantum: u32) -> PickEnd {
        let mut left = quantum;
        while left > 0 {
            let Some(&who) = self.state.ready.front() else { return self.quiesce() };
            let slice = self.state.config.slice.saturating_sub(self.streak).max(1);
            let mut budget = left.min(slice);
            let granted = budget;
            let outcome = VMKernel::advance(&self.loaded.program, &mut self.state, who, &mut budget);
            let used = granted - budget;
            left -= used;
            self.streak += used;
            match outcome {
                Outcome::Ran if self.streak >= self.state.config.slice => self.rotate(),
                Outcome::Ran => {}
                Outcome::Yielded => self.rotate(),
                Outcome::Blocked => self.drop_first(),
                Outcome::Halted => {
                    self.state.log.note(Some(who), EventKind::Halted { by_notice: false }, || Value::Unit);
                    self.drop_first();
                }
                Outcome::Faulted(fault) => return PickEnd::Ended(self.fault(Some(who), fault)),
                Outcome::Issued => match self.perform_local(who) {
                    None => return PickEnd::Request(who),
                    Some(Answered::Done) => left = left.saturating_sub(1),
                    Some(Answered::Later) => self.drop_first(),
                    Some(Answered::Faulted(fault)) => return PickEnd::Ended(self.fault(Some(who), fault)),
                },
            }
        }
        if self.state.ready.is_empty() { self.quiesce() } else { PickEnd::Ready }
    }

    /// The first ready coroutine lets the others go first.
    fn rotate(&mut self) {
        self.state.ready.rotate_left(1);
        self.streak = 0;
    }

    /// The first ready coroutine cannot go on.
    pub(crate) fn drop_first(&mut self) {
        self.state.ready.pop_front();
        self.streak = 0;
    }

    /// Calls the session's own handler of the request; `None` if a shared one has to.
    fn perform_local(&mut self, who: u16) -> Option<Answered> {
        let effect = self.effect_of(who)?;
        let Provider::Local(factory) = self.loaded.providers.get(effect)? else { return None };
        if self.handlers.len() <= effect {
            self.handlers.resize_with(effect + 1, || None);
        }
        let handler = self.handlers[effect].get_or_insert_with(|| factory());
        Some(answer(&mut **handler, &self.loaded.program, &mut self.state, who))
    }

    /// The effect instance of the outstanding request of a coroutine.
    fn effect_of(&self, who: u16) -> Option<usize> {
        let Status::Performing(request) = self.state.coroutines.get(usize::from(who))?.status else { return None };
        let op = self.loaded.program.image().ops.get(usize::from(request.op))?;
        Some(usize::from(op.effect))
    }

    /// The shared handler the outstanding request of a coroutine goes to.
    pub(crate) fn shared_handler(&self, who: u16) -> Option<usize> {
        match self.loaded.providers.get(self.effect_of(who)?)? {
            Provider::Shared(number) => Some(*number),
            Provider::Local(_) => None,
        }
    }
}

/// Calls a handler for the outstanding request of coroutine `who` and commits its answer.
pub(crate) fn answer(
    handler: &mut (impl Handler + ?Sized),
    program: &Program,
    state: &mut SessionState,
    who: u16,
) -> Answered {
    let Status::Performing(request) = state.coroutines[usize::from(who)].status else { return Answered::Done };
    let Some(call) = perform::call(program, state, who, request) else {
        let failure = Failure::unavailable("the operation does not exist");
        return committed(VMKernel::complete(program, state, who, Err(failure)));
    };
    let args = perform::arguments(program, state, who, request);
    let step = catch_unwind(AssertUnwindSafe(|| handler.start(&call, args)));
    let reply = match step {
        Ok(HostStep::Reply(value)) => Ok(value),
        Ok(HostStep::Fail(failure)) => Err(failure),
        Ok(HostStep::Blocked) if may_block(program, request.op) => return Answered::Later,
        Ok(HostStep::Blocked) => {
            Err(Failure::new(FailureKind::ContractViolation, "an `immediate` operation may not block"))
        }
        Err(_) => return committed(VMKernel::complete(program, state, who, Err(panicked()))),
    };
    let outcome = VMKernel::complete(program, state, who, reply);
    let settled = if outcome == Outcome::Ran { Settled::Committed } else { Settled::Refused };
    match catch_unwind(AssertUnwindSafe(|| handler.settle(&call, settled))) {
        Ok(()) => committed(outcome),
        Err(_) => {
            let Failure { kind, message } = panicked();
            let (effect, op) = (call.effect.to_owned(), call.op.to_owned());
            Answered::Faulted(Box::new(Fault::Perform { effect, op, kind, message }))
        }
    }
}

fn may_block(program: &Program, op: u16) -> bool {
    program.image().ops.get(usize::from(op)).is_some_and(|op| op.meta.may_block)
}

fn panicked() -> Failure {
    Failure::unavailable("the handler panicked")
}

fn committed(outcome: Outcome) -> Answered {
    match outcome {
        Outcome::Faulted(fault) => Answered::Faulted(fault),
        Outcome::Ran | Outcome::Yielded | Outcome::Blocked | Outcome::Issued | Outcome::Halted => Answered::Done,
    }
}
