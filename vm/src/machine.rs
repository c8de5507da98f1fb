//! The machine: images, sessions, handlers, and the rounds that step them (MACHINE §3).
//!
//! A round plans picks, steps them through a [`Driver`], and commits them in wave order. How many picks a round has is
//! configured ([`RoundSemantics`]) and no matter of the driver.

mod install;
mod nested;
mod open;
mod perturb;
mod sessions;

use crate::config::{RoundSemantics, VMConfig};
use crate::error::VMError;
use crate::event::{Description, Event};
use crate::handler::{Failure, Handler};
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::VMKernel;
use crate::kernel::perform::Completion;
use crate::kernel::program::Program;
use crate::session::{
    Answered, Loaded, PickEnd, Provider, Session, SessionEnd, SessionReport, SessionState, Status, answer, completed,
};
use crate::trace::{Events, Sink, SinkError, Trace};
use crate::value::Value;
use nested::Shared;
use sessions::{Sessions, Slot, Ticket};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use tell_ir::image::CodeImage;

/// The cooperative machine.
pub type VM = Machine<Inline>;

/// A part of a wave: one session and its share of steps. It touches nothing else.
#[derive(Debug)]
pub struct Pick {
    session: Box<Session>,
    ticket: Ticket,
    quantum: u32,
    steps: u32,
    end: PickEnd,
}

impl Pick {
    /// Steps its session.
    pub fn run(&mut self) {
        self.steps = self.session.pick(self.quantum, &mut self.end);
    }
}

/// How the picks of a wave are mapped. A driver calls [`Pick::run`] once on each, in any order or at once.
pub trait Driver {
    /// Runs all picks.
    fn run(&self, wave: &mut [Pick]);
}

/// One after the other, on the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Driver for Inline {
    fn run(&self, wave: &mut [Pick]) {
        for pick in wave {
            pick.run();
        }
    }
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Picks it had; none when nothing can step.
    pub picks: u32,
    /// Steps it committed.
    pub steps: u64,
}

/// Why a run returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// All sessions have ended.
    Done,
    /// The allowed steps are used up; sessions are still active.
    StepLimit,
    /// All sessions that are still active wait for answers from outside.
    Waiting,
    /// The caller stopped it.
    Stopped,
    /// The sink of the trace failed; see [`Machine::sink_error`].
    SinkFailed,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus<'a> {
    /// Not ended.
    Active,
    /// Ended.
    Ended(&'a SessionReport),
}

/// A machine whose waves are mapped by `D`.
pub struct Machine<D = Inline> {
    driver: D,
    config: Arc<VMConfig>,
    installed: BTreeMap<String, Provider>,
    shared: Vec<Box<dyn Handler>>,
    shared_state: Shared,
    images: Vec<Arc<Loaded>>,
    sessions: Sessions,
    /// Sessions that can step, in the order of the cursor; some may have ended meanwhile.
    ready: VecDeque<Ticket>,
    active: u32,
    wave: Vec<Pick>,
    pub(crate) trace: Trace,
}

impl<D> fmt::Debug for Machine<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = (self.images.len(), self.sessions.len(), self.active);
        f.debug_struct("Machine").field("config", &self.config).field("images, sessions, active", &counts).finish()
    }
}

impl VM {
    /// A machine without images, handlers and sessions.
    ///
    /// # Errors
    /// [`VMError::Configuration`] for a setting outside its range.
    pub fn new(config: VMConfig) -> Result<Self, VMError> {
        Self::with_driver(config, Inline)
    }
}

impl<D: Driver> Machine<D> {
    /// A machine with another driver.
    ///
    /// # Errors
    /// [`VMError::Configuration`] for a setting outside its range.
    pub fn with_driver(config: VMConfig, driver: D) -> Result<Self, VMError> {
        config.check()?;
        Ok(Self {
            driver,
            trace: Trace::new(config.trace),
            config: Arc::new(config),
            installed: BTreeMap::new(),
            shared: Vec::new(),
            shared_state: Shared::default(),
            images: Vec::new(),
            sessions: Sessions::default(),
            ready: VecDeque::new(),
            active: 0,
            wave: Vec::new(),
        })
    }

    /// One round: of one pick, whatever `n` ≥ 1 is, or of at most `n` picks of different sessions, as configured.
    pub fn kernel_step_round(&mut self, n: usize) -> Round {
        self.round(n, self.config.quantum)
    }

    /// Rounds of as many picks as configured, until every session has ended, `max_steps` steps are committed, nothing can
    /// step, or `stop` says so, which is asked before each round. The answer to an operation belongs to the step that
    /// asked: it may be one more than `max_steps`.
    pub fn run(&mut self, max_steps: u64, stop: &mut dyn FnMut() -> bool) -> RunEnd {
        let mut left = max_steps;
        loop {
            if self.ready.is_empty() {
                return if self.active == 0 { RunEnd::Done } else { RunEnd::Waiting };
            }
            if self.trace.failed().is_some() {
                return RunEnd::SinkFailed;
            }
            if left == 0 {
                return RunEnd::StepLimit;
            }
            if stop() {
                return RunEnd::Stopped;
            }
            let quantum = self.config.quantum.min(u32::try_from(left).unwrap_or(u32::MAX));
            // No more picks than may all use up their quantum; one may always.
            let picks = match u64::from(self.config.concurrency) {
                1 => 1,
                most => most.min(left / u64::from(quantum)),
            };
            left = left.saturating_sub(self.round(picks as usize, quantum).steps);
        }
    }

    fn round(&mut self, n: usize, quantum: u32) -> Round {
        self.plan(n, quantum);
        let mut wave = std::mem::take(&mut self.wave);
        self.driver.run(&mut wave);
        let mut round = Round::default();
        for pick in wave.drain(..) {
            round.picks += 1;
            round.steps += u64::from(pick.steps) + self.commit(pick);
        }
        self.wave = wave;
        self.settle();
        round
    }

    fn plan(&mut self, n: usize, quantum: u32) {
        if self.trace.failed().is_some() {
            return;
        }
        let most = match self.config.rounds {
            RoundSemantics::Canonical => n.min(1),
            RoundSemantics::Waves => n,
        };
        while self.wave.len() < most
            && let Some(ticket) = self.ready.pop_front()
        {
            let Some(slot) = self.sessions.slot(ticket) else { continue };
            match std::mem::replace(slot, Slot::Picked) {
                Slot::Active(mut session) => {
                    self.trace.lend(&mut session.state.log);
                    self.wave.push(Pick { session, ticket, quantum, steps: 0, end: PickEnd::Ready });
                }
                other @ (Slot::Picked | Slot::Ended(_) | Slot::Free) => *slot = other,
            }
        }
    }

    /// Grants what a pick asked for and puts its session back. Returns the steps that took.
    fn commit(&mut self, pick: Pick) -> u64 {
        let Pick { mut session, ticket, mut end, .. } = pick;
        let before = session.state.log.tick;
        if let PickEnd::Request(who) = end {
            end = match Self::want(&session, who) {
                Some(want) => self.grant_want(&mut session, ticket, who, want),
                None => self.grant(&mut session, who),
            };
            session.settle_speculation();
        }
        let steps = session.state.log.tick - before;
        self.put_back(ticket, session, end);
        steps
    }

    /// Calls the shared handler a coroutine asked for.
    fn grant(&mut self, session: &mut Session, who: u16) -> PickEnd {
        if !session.performs(who) {
            // It has only told something.
            return PickEnd::Ready;
        }
        let handler = session.shared_handler(who).and_then(|number| self.shared.get_mut(number));
        let answered = match handler {
            Some(handler) => answer(&mut **handler, &session.loaded.program, &mut session.state, who),
            None => {
                let failure = Failure::unavailable("no handler is installed");
                completed(VMKernel::complete(&session.loaded.program, &mut session.state, who, Err(failure)))
            }
        };
        match answered {
            Answered::Done => PickEnd::Ready,
            Answered::Later => {
                session.drop_first();
                if session.state.ready.is_empty() { session.quiesce() } else { PickEnd::Ready }
            }
            Answered::Faulted(fault) => PickEnd::Ended(session.fault(Some(who), fault)),
        }
    }

    fn put_back(&mut self, ticket: Ticket, mut session: Box<Session>, end: PickEnd) {
        self.trace.commit(&mut session.state.log, &session.loaded.program);
        self.shared_state.freed(&mut session);
        let slot = match end {
            PickEnd::Ready | PickEnd::Request(_) => {
                self.ready.push_back(ticket);
                Slot::Active(session)
            }
            PickEnd::Waiting => Slot::Active(session),
            PickEnd::Ended(end) => {
                self.active -= 1;
                self.shared_state.ended(&session);
                Slot::Ended(Box::new(session.report(session.state.log.image(), end)))
            }
        };
        if let Some(place) = self.sessions.slot(ticket) {
            *place = slot;
        }
    }

    /// Answers a request whose handler said [`crate::HostStep::Blocked`].
    ///
    /// # Errors
    /// [`VMError::UnknownSession`], [`VMError::UnknownRequest`], [`VMError::Sink`]
    pub fn reply(
        &mut self,
        session: &SessionId,
        request: RequestId,
        answer: Result<Value, Failure>,
    ) -> Result<(), VMError> {
        self.trace.ready()?;
        let (ticket, running) = self.before_step(session)?;
        let state = &running.state;
        let is_it = |status: Status| matches!(status, Status::Performing(open) if open.id == request);
        let found = state.coroutines.iter().zip(0..).find(|(coroutine, _)| is_it(coroutine.status));
        let Some((_, who)) = found else { return Err(VMError::UnknownRequest { session: session.clone(), request }) };
        let was_waiting = state.ready.is_empty();
        let end = match VMKernel::complete(&running.loaded.program, &mut running.state, who, answer) {
            Completion::Faulted(fault) => Some(running.fault(Some(who), fault)),
            Completion::Committed | Completion::Failed => None,
        };
        self.after_input(ticket, was_waiting, end);
        Ok(())
    }

    /// Cancels the innermost scope a role owns that has an outcome `cancel` and is not decided yet.
    ///
    /// # Errors
    /// [`VMError::UnknownSession`], [`VMError::NoScope`], [`VMError::Sink`]
    pub fn cancel_scope(&mut self, session: &SessionId, role: u16) -> Result<(), VMError> {
        self.trace.ready()?;
        let (ticket, running) = self.before_step(session)?;
        let was_waiting = running.state.ready.is_empty();
        let end = match VMKernel::cancel(&running.loaded.program, &mut running.state, role) {
            Ok(true) => None,
            Ok(false) => return Err(VMError::NoScope { session: session.clone(), role }),
            Err(fault) => Some(running.fault(Some(role), fault)),
        };
        self.after_input(ticket, was_waiting, end);
        Ok(())
    }

    fn after_input(&mut self, ticket: Ticket, was_waiting: bool, end: Option<SessionEnd>) {
        let Some(slot) = self.sessions.slot(ticket) else { return };
        let Slot::Active(session) = slot else { return };
        session.settle_speculation();
        self.trace.commit(&mut session.state.log, &session.loaded.program);
        self.shared_state.freed(session);
        match end {
            Some(end) => {
                let report = session.report(session.state.log.image(), end);
                self.shared_state.ended(session);
                *slot = Slot::Ended(Box::new(report));
                self.active -= 1;
            }
            None if was_waiting => self.ready.push_back(ticket),
            None => {}
        }
        self.settle();
    }

    /// What became of a session; `None` if there is no such session or its report was taken.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<SessionStatus<'_>> {
        match self.sessions.get(id)? {
            Slot::Active(_) | Slot::Picked => Some(SessionStatus::Active),
            Slot::Ended(report) => Some(SessionStatus::Ended(report)),
            Slot::Free => None,
        }
    }

    /// The digest of the state of a session that has not ended: what a step that blocks or faults does not change.
    ///
    /// # Errors
    /// [`VMError::UnknownSession`]
    pub fn state_digest(&self, id: &SessionId) -> Result<[u8; 32], VMError> {
        self.inspect(id).map(|(_, state)| state.digest()).ok_or_else(|| VMError::UnknownSession(id.clone()))
    }

    /// Program and state of a session that has not ended, for tests of single steps.
    #[doc(hidden)]
    #[must_use]
    pub fn inspect(&self, id: &SessionId) -> Option<(&Program, &SessionState)> {
        match self.sessions.get(id)? {
            Slot::Active(session) => Some((&session.loaded.program, &session.state)),
            Slot::Picked | Slot::Ended(_) | Slot::Free => None,
        }
    }

    /// Takes the report of a session that has ended, and frees it. That of a nested session is its owner's, as long as
    /// there is one.
    pub fn take_report(&mut self, id: &SessionId) -> Option<SessionReport> {
        if self.shared_state.is_owned(id) {
            return None;
        }
        self.sessions.take(id)
    }

    /// Sessions that have not ended.
    #[must_use]
    pub const fn active(&self) -> u32 {
        self.active
    }

    /// A loaded image, prepared.
    #[cfg(test)]
    pub(crate) fn loaded(&self, image: ImageId) -> Arc<Loaded> {
        Arc::clone(&self.images[usize::from(image.0)])
    }

    /// Sessions that are active or whose reports were not taken.
    #[cfg(test)]
    pub(crate) fn known_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Takes the report of a session that has ended away from whoever owns it.
    #[cfg(test)]
    pub(crate) fn lose_report(&mut self, id: &SessionId) -> Option<SessionReport> {
        self.sessions.take(id)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &VMConfig {
        &self.config
    }

    /// A loaded image.
    #[must_use]
    pub fn image(&self, image: ImageId) -> Option<&CodeImage> {
        self.images.get(usize::from(image.0)).map(|loaded| loaded.program.image())
    }

    /// Gives the events of a machine whose retention is `Sink` to this sink from now on. After one that failed, it is
    /// first given what that one did not take, and the machine can go on.
    ///
    /// # Errors
    /// [`VMError::SinkNotUsed`]; [`VMError::Sink`] if it fails at once.
    pub fn set_sink(&mut self, sink: impl Sink + 'static) -> Result<(), VMError> {
        let program = |image: ImageId| self.images.get(usize::from(image.0)).map(|loaded| &loaded.program);
        self.trace.set_sink(Box::new(sink), program)
    }

    /// Why the sink failed, if it did. What it did not take is in [`Machine::events`].
    #[must_use]
    pub fn sink_error(&self) -> Option<&SinkError> {
        self.trace.failed()
    }

    /// The events that were kept, in commit order.
    pub fn events(&self) -> Events<'_> {
        self.trace.events()
    }

    /// Takes the events that were kept so far, in commit order.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.trace.take()
    }

    /// An event of this machine in words.
    #[must_use]
    pub fn describe(&self, event: &Event) -> Option<Description> {
        let loaded = self.images.get(usize::from(event.image.0))?;
        Some(crate::event::describe(event, &loaded.program))
    }
}
