//! A session: all mutable state of one run of a protocol, and the pick that steps it.
//!
//! Nothing here belongs to another session, so a driver may map the picks of a wave as it likes.

mod digest;
mod disturb;
mod finish;
mod order;
mod rare;

pub use finish::{Cancellation, FinalValue, SessionEnd, SessionReport};

use crate::clock::Clock;
use crate::config::{Retention, VMConfig};
use crate::edge::Edge;
use crate::event::{EventKind, Log, Recording};
use crate::fault::Fault;
use crate::handler::{Failure, FailureKind, Handler, HostStep, Settled};
use crate::holdings::Holdings;
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::perform::{self, Completion};
use crate::kernel::program::Program;
use crate::kernel::speculate::Speculation;
use crate::kernel::{Outcome, VMKernel, scope, speculate};
use crate::lazy::{Empty, Lazy};
use crate::ready::{NOBODY, Ready};
use crate::runs::{Part, RunId, Runs};
use crate::value::Value;
pub(crate) use rare::Rare;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tell_ir::hash::ContentId;
use tell_ir::instr::Reg;

/// A line of control of one role. Each role has a main one, with the role's number; the others are its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coroutine {
    pub(crate) pc: u32,
    pub(crate) status: Status,
    pub(crate) role: u16,
    /// Whether it is in the ready queue.
    pub(crate) is_queued: bool,
    /// The one behind it there.
    pub(crate) next: u16,
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
            next: NOBODY,
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
    /// For a guard layer of the session.
    Acquiring { layer: u16 },
    /// For the machine to grant this.
    Asking(Want),
    /// Done; its final values are those of the finals table.
    Halted { finals: u32 },
    /// Its place is free.
    Gone,
}

/// What only the machine can grant, because it concerns other sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A nested session.
    Open { table: u32, dst: Reg },
    /// The end of a nested session.
    Close { endpoint: Reg, dst: Reg },
    /// A guard layer that sessions share.
    Acquire { layer: u16, dst: Reg },
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
#[derive(Clone, Debug)]
pub struct SessionState {
    pub(crate) coroutines: Vec<Coroutine>,
    /// Places of coroutines that are gone; the first one is used next, so branches have their places in order.
    pub(crate) free: Lazy<BTreeSet<u16>>,
    pub(crate) registers: Box<[Value]>,
    pub(crate) edges: Box<[Edge]>,
    /// Coroutines that can step; the first one is the one that steps.
    pub(crate) ready: Ready,
    pub(crate) requests: u32,
    pub(crate) runs: Lazy<Runs>,
    pub(crate) clock: Lazy<Clock>,
    pub(crate) log: Log,
    pub(crate) config: Arc<VMConfig>,
    /// What its roles hold besides registers, from first use.
    pub(crate) holdings: Option<Box<Holdings>>,
    /// What one of its coroutines tries.
    pub(crate) speculation: Option<Box<Speculation>>,
    /// Whether the last speculation was undone.
    pub(crate) is_undone: bool,
    pub(crate) rare: Option<Box<Rare>>,
}

impl SessionState {
    /// The holdings, made at first use.
    pub(crate) fn holdings(&mut self) -> &mut Holdings {
        self.holdings.get_or_insert_default()
    }

    /// The state before the first step; parameters are still unset.
    #[doc(hidden)]
    #[must_use]
    pub fn new(program: &Program, image: ImageId, id: SessionId, config: &Arc<VMConfig>) -> Self {
        let recording = if config.trace == Retention::Off { Recording::Off } else { Recording::On };
        let count = program.roles.len();
        let edges = program.edges.iter().map(|edge| Edge::between(edge.from, edge.to));
        let mut coroutines: Vec<Coroutine> = (0..).take(count).map(Coroutine::main).collect();
        let mut ready = Ready::new();
        (0..).take(count).for_each(|who| ready.push_back(&mut coroutines, who));
        Self {
            coroutines,
            free: Lazy::default(),
            registers: vec![Value::Unit; program.registers].into(),
            edges: edges.collect(),
            ready,
            requests: 0,
            runs: Lazy::default(),
            clock: Lazy::default(),
            log: Log::new(id, image, recording),
            config: Arc::clone(config),
            holdings: None,
            speculation: None,
            is_undone: false,
            rare: Rare::of(config, program),
        }
    }
}

/// For tests of single steps; a machine needs none of this.
#[doc(hidden)]
impl SessionState {
    /// The coroutine whose step is next, if one can step.
    #[must_use]
    pub fn next(&self) -> Option<u16> {
        self.ready.front()
    }

    /// Steps that were committed.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.log.tick
    }

    /// The same state under another configuration.
    #[must_use]
    pub fn under(&self, program: &Program, config: VMConfig) -> Self {
        let mut rare = Rare::of(&config, program);
        if let Some(rare) = &mut rare {
            let places = (0..).take(self.coroutines.len());
            places.skip(program.roles.len()).for_each(|who| rare.start(who, self.log.tick, &config));
        }
        Self { rare, config: Arc::new(config), ..self.clone() }
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
    /// The content id of its image.
    pub(crate) id: ContentId,
    /// Per effect instance.
    pub(crate) providers: Vec<Provider>,
    /// Per nested image.
    pub(crate) nested: Vec<ImageId>,
    /// Per guard layer, if it is shared, its number in the machine.
    pub(crate) layers: Vec<Option<usize>>,
}

/// One run of a protocol.
pub(crate) struct Session {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) state: SessionState,
    handlers: Lazy<Handlers>,
    /// Steps the first ready coroutine has made in a row.
    streak: u32,
    /// Most of them.
    slice: u32,
}

/// The handlers of a session.
#[derive(Default)]
struct Handlers {
    /// Per effect instance, from first use.
    made: Vec<Option<Box<dyn Handler + Send>>>,
    /// Copies of those a speculation used, as they were before; none of one that was made for it.
    saved: Vec<(usize, Option<Box<dyn Handler + Send>>)>,
}

impl Empty for Handlers {
    const EMPTY: &'static Self = &Self { made: Vec::new(), saved: Vec::new() };
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
    /// The machine has to act for this coroutine: to call a shared handler, or to grant what it asks for.
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
        let slice = state.config.policy.slice(state.config.slice);
        Self { loaded, state, handlers: Lazy::default(), streak: 0, slice }
    }

    /// Up to `quantum` steps. Returns how many were committed; `end`, which is `Ready`, is told how it ended.
    ///
    /// The first ready coroutine goes on until it cannot, or has made a slice of steps. Under a policy that ranks,
    /// [`Session::arrange`] says before each step which one is the first.
    pub(crate) fn pick(&mut self, quantum: u32, end: &mut PickEnd) -> u32 {
        let before = self.state.log.tick;
        let ended = match self.state.rare {
            None => self.run::<false>(quantum),
            Some(_) => self.run_rare(quantum),
        };
        // To write down that it can go on takes as long as a step.
        if let Some(ended) = ended {
            *end = ended;
        }
        u32::try_from(self.state.log.tick - before).unwrap_or(u32::MAX)
    }

    /// Out of line, so that sessions without anything rare are as fast as if there was no such thing.
    #[inline(never)]
    fn run_rare(&mut self, quantum: u32) -> Option<PickEnd> {
        self.run::<true>(quantum)
    }

    /// How it ended; none if it can go on, which is what `end` says already.
    #[inline(always)]
    fn run<const RARE: bool>(&mut self, quantum: u32) -> Option<PickEnd> {
        let start = self.state.log.tick;
        loop {
            let left = quantum.saturating_sub((self.state.log.tick - start) as u32);
            if left == 0 {
                break;
            }
            // Who speculates goes on until that is over.
            let is_free = self.state.speculation.is_none();
            if self.streak >= self.slice && is_free {
                self.rotate();
            }
            let most = match RARE {
                false => u32::MAX,
                true => match self.arrange() {
                    Ok(most) => most,
                    Err(end) => return Some(PickEnd::Ended(end)),
                },
            };
            let Some(who) = self.state.ready.front() else {
                match self.quiesce() {
                    PickEnd::Ready => continue,
                    end => return Some(end),
                }
            };
            let most = most.min(left).min(self.slice.saturating_sub(self.streak).max(1));
            let before = self.state.log.tick;
            let outcome = VMKernel::advance::<RARE>(&self.loaded.program, &mut self.state, who, most);
            let used = (self.state.log.tick - before) as u32;
            self.streak += used;
            self.settle_speculation();
            if RARE {
                self.count(who, used, &outcome);
            }
            match outcome {
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
                Outcome::Faulted(fault) => return Some(PickEnd::Ended(self.fault(Some(who), fault))),
                Outcome::Asked => return Some(PickEnd::Request(who)),
                Outcome::Issued => {
                    if RARE && let Some(end) = self.ingest_due() {
                        return Some(PickEnd::Ended(end));
                    }
                    match self.perform_local(who) {
                        None => return Some(PickEnd::Request(who)),
                        Some(Answered::Done) => {}
                        Some(Answered::Later) => self.drop_first(),
                        Some(Answered::Faulted(fault)) => return Some(PickEnd::Ended(self.fault(Some(who), fault))),
                    }
                }
            }
        }
        if self.state.ready.is_empty() { Some(self.quiesce()) } else { None }
    }

    /// The first ready coroutine lets the others go first.
    fn rotate(&mut self) {
        // It may have gone meanwhile.
        let SessionState { ready, coroutines, .. } = &mut self.state;
        if let Some(who) = ready.pop_front(coroutines) {
            ready.push_back(coroutines, who);
        }
        self.streak = 0;
    }

    /// The first ready coroutine cannot go on.
    pub(crate) fn drop_first(&mut self) {
        self.state.ready.pop_front(&mut self.state.coroutines);
        self.streak = 0;
    }

    /// Calls the session's own handler of the request; `None` if a shared one has to.
    fn perform_local(&mut self, who: u16) -> Option<Answered> {
        let effect = self.effect_of(who)?;
        let is_local = matches!(self.loaded.providers.get(effect)?, Provider::Local(_));
        if !is_local && self.state.speculation.is_none() {
            return None;
        }
        if self.handlers.made.len() <= effect {
            self.handlers.made.resize_with(effect + 1, || None);
        }
        if self.state.speculation.is_some() && !(is_local && self.save(effect)) {
            let reason = "the handler cannot be restored";
            return Some(Answered::Faulted(Box::new(Fault::Speculation { reason })));
        }
        let Provider::Local(factory) = self.loaded.providers.get(effect)? else { return None };
        let handler = self.handlers.made[effect].get_or_insert_with(|| factory());
        Some(answer(&mut **handler, &self.loaded.program, &mut self.state, who))
    }

    /// Keeps a handler as it is, for when the speculation is undone; false if it cannot be kept.
    fn save(&mut self, effect: usize) -> bool {
        if self.handlers.saved.iter().any(|(saved, _)| *saved == effect) {
            return true;
        }
        let copy = match &self.handlers.made[effect] {
            None => None,
            Some(handler) => match handler.checkpoint() {
                Some(copy) => Some(copy),
                None => return false,
            },
        };
        // One that is made for the speculation has to be restorable, too: it is made again.
        self.handlers.saved.push((effect, copy));
        true
    }

    /// Restores the handlers a speculation used if it was undone.
    pub(crate) fn settle_speculation(&mut self) {
        if self.handlers.saved.is_empty() || self.state.speculation.is_some() {
            return;
        }
        let is_undone = self.state.is_undone;
        for (effect, copy) in std::mem::take(&mut self.handlers.saved) {
            if is_undone {
                self.handlers.made[effect] = copy;
            }
        }
    }

    /// Whether a request of a coroutine is outstanding.
    pub(crate) fn performs(&self, who: u16) -> bool {
        self.state.coroutines.get(usize::from(who)).is_some_and(|c| matches!(c.status, Status::Performing(_)))
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

/// The answer comes later; who has to leave a scope, or speculates, does not wait for it.
fn later(program: &Program, state: &mut SessionState, who: u16) -> Answered {
    if speculate::undo_of(program, state, who) {
        state.log.tick += 1;
        return Answered::Done;
    }
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
