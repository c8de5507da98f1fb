//! A session: all mutable state of one run of a protocol, and the pick that steps it.
//!
//! Nothing here belongs to another session, so a driver may map the picks of a wave as it likes.

mod finish;

pub use finish::{FinalValue, SessionEnd, SessionReport};

use crate::clock::Clock;
use crate::config::{Retention, VMConfig};
use crate::edge::Edge;
use crate::event::{EventKind, Log, Recording};
use crate::fault::Fault;
use crate::handler::{Failure, FailureKind, Handler, HostStep, Settled};
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::perform::{self, Completion};
use crate::kernel::program::Program;
use crate::kernel::{Outcome, VMKernel, scope};
use crate::lazy::Lazy;
use crate::ready::Ready;
use crate::runs::{Part, RunId, Runs};
use crate::value::Value;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tell_ir::instr::Reg;

/// A line of control of one role. Each role has a main one, with the role's number; the others are its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coroutine {
    pub(crate) pc: u32,
    pub(crate) status: Status,
    pub(crate) role: u16,
    /// Whether it is in the ready queue.
    pub(crate) is_queued: bool,
    /// The coroutine that started it; none for a main one.
    pub(crate) parent: Option<u16>,
    /// Children that are not done.
    pub(crate) children: u16,
    /// Where in its scopes it is.
    pub(crate) part: Part,
    /// Where it was when it started.
    pub(crate) home: Part,
    /// The outermost run it has to leave before its next communication.
    pub(crate) called: Option<RunId>,
}

impl Coroutine {
    /// A main coroutine at its start.
    pub(crate) const fn main(role: u16) -> Self {
        Self {
            pc: 0,
            status: Status::Ready,
            role,
            is_queued: true,
            parent: None,
            children: 0,
            part: Part::SESSION,
            home: Part::SESSION,
            called: None,
        }
    }
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
    /// For the time at which its request is answered.
    Sleeping(Request),
    /// For its children.
    Joining,
    /// For the others to leave earlier runs of the scope it is about to enter.
    Entering { scope: u32 },
    /// For the outcome of the run it is in.
    Awaiting,
    /// Done; its final values are those of the finals table.
    Halted { finals: u32 },
    /// Its place is free.
    Gone,
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
    pub(crate) coroutines: Vec<Coroutine>,
    /// Places of coroutines that are gone.
    pub(crate) free: Lazy<Vec<u16>>,
    pub(crate) registers: Box<[Value]>,
    pub(crate) edges: Box<[Edge]>,
    /// Coroutines that can step; the first one is the one that steps.
    pub(crate) ready: Ready,
    pub(crate) requests: u32,
    pub(crate) runs: Lazy<Runs>,
    pub(crate) clock: Lazy<Clock>,
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
        let edges = program.edges.iter().map(|edge| Edge::between(edge.from, edge.to));
        Self {
            coroutines: (0..).take(count).map(Coroutine::main).collect(),
            free: Lazy::default(),
            registers: vec![Value::Unit; program.registers].into(),
            edges: edges.collect(),
            ready: (0..).take(count).collect(),
            requests: 0,
            runs: Lazy::default(),
            clock: Lazy::default(),
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
    handlers: Lazy<Vec<Option<Box<dyn Handler + Send>>>>,
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
        Self { loaded, state, handlers: Lazy::default(), streak: 0 }
    }

    /// Up to `quantum` steps. Returns how many were committed; `end`, which is `Ready`, is told how it ended.
    ///
    /// Cooperative: the first ready coroutine goes on until it cannot, or has made a slice of steps.
    pub(crate) fn pick(&mut self, quantum: u32, end: &mut PickEnd) -> u32 {
        let before = self.state.log.tick;
        let ended = self.run(quantum);
        // To move what was just written waits until the writes are done: as long as a step takes.
        if !matches!(ended, PickEnd::Ready) {
            *end = ended;
        }
        u32::try_from(self.state.log.tick - before).unwrap_or(u32::MAX)
    }

    fn run(&mut self, quantum: u32) -> PickEnd {
        let mut left = quantum;
        while left > 0 {
            let Some(&who) = self.state.ready.front() else {
                match self.quiesce() {
                    PickEnd::Ready => continue,
                    end => return end,
                }
            };
            let slice = self.state.config.slice.saturating_sub(self.streak).max(1);
            let before = self.state.log.tick;
            let outcome = VMKernel::advance(&self.loaded.program, &mut self.state, who, left.min(slice));
            let used = (self.state.log.tick - before) as u32;
            left -= used;
            self.streak += used;
            match outcome {
                Outcome::Ran if self.streak >= self.state.config.slice => self.rotate(),
                Outcome::Ran => {}
                Outcome::Yielded => self.rotate(),
                Outcome::Blocked => self.drop_first(),
                // It is not in the queue any more.
                Outcome::Finished => self.streak = 0,
                Outcome::Halted => {
                    let role = self.state.coroutines.get(usize::from(who)).map(|coroutine| coroutine.role);
                    self.state.log.note(role, EventKind::Halted { by_notice: false }, || Value::Unit);
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
        self.state.ready.rotate();
        self.streak = 0;
    }

    /// The first ready coroutine cannot go on.
    pub(crate) fn drop_first(&mut self) {
        if let Some(who) = self.state.ready.pop_front() {
            self.state.coroutines[usize::from(who)].is_queued = false;
        }
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
    let role = state.coroutines[usize::from(who)].role;
    let session = state.log.session().clone();
    let Some(call) = perform::call(program, &session, state, (role, request)) else {
        let failure = Failure::unavailable("the operation does not exist");
        return completed(VMKernel::complete(program, state, who, Err(failure)));
    };
    let args = perform::arguments(program, state, role, request);
    let step = catch_unwind(AssertUnwindSafe(|| handler.start(&call, args)));
    let reply = match step {
        Ok(HostStep::Reply(value)) => Ok(value),
        Ok(HostStep::Fail(failure)) => Err(failure),
        Ok(HostStep::Blocked) if may_block(program, request.op) => return later(program, state, who),
        Ok(HostStep::Sleep(time)) if may_block(program, request.op) => {
            let until = state.clock.after(time);
            state.clock.sleep(until, request.id, who);
            state.coroutines[usize::from(who)].status = Status::Sleeping(request);
            return later(program, state, who);
        }
        Ok(HostStep::Blocked | HostStep::Sleep(_)) => {
            Err(Failure::new(FailureKind::ContractViolation, "an `immediate` operation may not block"))
        }
        Err(_) => return completed(VMKernel::complete(program, state, who, Err(panicked()))),
    };
    let completion = VMKernel::complete(program, state, who, reply);
    let settled = if matches!(completion, Completion::Committed) { Settled::Committed } else { Settled::Refused };
    match catch_unwind(AssertUnwindSafe(|| handler.settle(&call, settled))) {
        Ok(()) => completed(completion),
        Err(_) => {
            let Failure { kind, message } = panicked();
            let (effect, op) = (call.effect.to_owned(), call.op.to_owned());
            Answered::Faulted(Box::new(Fault::Perform { effect, op, kind, message }))
        }
    }
}

/// The answer comes later; who has to leave a scope does not wait for it.
fn later(program: &Program, state: &mut SessionState, who: u16) -> Answered {
    match scope::leave_if_called(program, state, who) {
        true => Answered::Done,
        false => Answered::Later,
    }
}

fn may_block(program: &Program, op: u16) -> bool {
    program.image().ops.get(usize::from(op)).is_some_and(|op| op.meta.may_block)
}

fn panicked() -> Failure {
    Failure::unavailable("the handler panicked")
}

pub(crate) fn completed(completion: Completion) -> Answered {
    match completion {
        Completion::Faulted(fault) => Answered::Faulted(fault),
        Completion::Committed | Completion::Failed => Answered::Done,
    }
}
