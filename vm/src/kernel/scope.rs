//! `Enter`, `Exit`, `Leave`, and how the outcome of a scope reaches its participants (LANGUAGE §4).
//!
//! Only the owner decides, in [`decide`]: at its `Exit`, by its deadline, by a failing effect, or for the host. A
//! participant that waits, for whatever it is, leaves at once; one that is running is *called*, and leaves before its
//! next communication. Leaving is [`depart`]: what the participant runs inside the body is abandoned, and it goes on
//! with the block of the outcome.

use super::branch::{abandon_children, cancel_request, make_ready};
use super::frame::{Frame, limit, misplaced, missing, register_type};
use super::perform::Completion;
use super::program::Program;
use super::{Turn, VMKernel, communicate, guard, speculate};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::handler::FailureKind;
use crate::runs::{Member, Part, Place, RunId};
use crate::session::{Coroutine, SessionState, Status};
use crate::value::Value;
use tell_ir::image::{Outcome, Scope};

/// Goes into the next run of a scope.
pub(super) fn enter(program: &Program, state: &mut SessionState, who: u16, table: u32) -> Result<Turn, Box<Fault>> {
    let Coroutine { role, part, children, called, .. } = state.coroutines[usize::from(who)];
    let (number, scope) = scope_of(program, role, table)?;
    let deadline = deadline(program, state, (role, table), scope)?;
    let nesting = part.run().map_or(1, |run| state.runs.get(run).depth + 2);
    if nesting > state.config.limits.nesting {
        return Err(limit("nesting of scopes", u64::from(nesting), u64::from(state.config.limits.nesting)));
    }
    if children > 0 {
        return Err(misplaced("Enter"));
    }
    if role == scope.owner && state.runs.open_runs(role, part, number) >= state.config.edge_capacity as usize {
        return Ok(Turn::Wait(Status::Entering { scope: table }));
    }
    let Some(run) = state.runs.enter(part, (number, scope), (role, who, table)) else {
        return Err(misplaced("Enter"));
    };
    if let Some(nanoseconds) = deadline {
        let when = state.clock.after(nanoseconds);
        state.runs.set_deadline(run, when);
    }
    let is_over = state.runs.get(run).outcome.is_some_and(|(outcome, _)| outcome != Outcome::Done);
    let coroutine = &mut state.coroutines[usize::from(who)];
    coroutine.part = Part::body(run);
    coroutine.pc += 1;
    coroutine.called = called.or(is_over.then_some(run));
    // The event has 32 bits for it.
    let entered = EventKind::ScopeEntered { scope: number, run: state.runs.get(run).number as u32 };
    state.log.step(role, entered, || Value::Unit);
    Ok(Turn::On)
}

/// The scope of a table that leads its role out of all its outcomes.
fn scope_of(program: &Program, role: u16, table: u32) -> Result<(u32, &Scope), Box<Fault>> {
    let role_program = program.roles.get(usize::from(role));
    let entry =
        role_program.and_then(|role| role.scopes.get(table as usize)).ok_or_else(|| missing("scope table", table))?;
    let number = entry.scope;
    let scope = program.image().scopes.get(number as usize).ok_or_else(|| missing("scope", number))?;
    for outcome in scope.outcomes.iter().chain(&[Outcome::Done]) {
        let row = entry.row(*outcome).ok_or_else(|| missing("row of the outcome in scope table", table))?;
        let Some(bind) = row.bind else { continue };
        let kind = role_program.and_then(|role| role.kinds.get(usize::from(bind)));
        let word = Value::text("");
        match kind {
            Some(kind) if kind.admits(&word) => {}
            Some(kind) => return Err(register_type(bind, kind.text(), &word)),
            None => return Err(missing("register", u32::from(bind))),
        }
    }
    Ok((number, scope))
}

/// The nanoseconds until the deadline, if this role has to keep one.
fn deadline(
    program: &Program,
    state: &SessionState,
    (role, table): (u16, u32),
    scope: &Scope,
) -> Result<Option<i64>, Box<Fault>> {
    if role != scope.owner || !scope.outcomes.contains(&Outcome::Timeout) {
        return Ok(None);
    }
    let Some(role) = program.roles.get(usize::from(role)) else { return Ok(None) };
    let Some(register) = role.scopes.get(table as usize).and_then(|table| table.deadline) else {
        return Err(missing("deadline of scope table", table));
    };
    let frame = state.registers.get(role.base..role.base + role.kinds.len()).unwrap_or_default();
    match frame.get(usize::from(register)) {
        Some(Value::Duration(nanoseconds)) => Ok(Some(*nanoseconds)),
        Some(other) => Err(register_type(register, "Duration", other)),
        None => Err(super::frame::outside_frame(u32::from(register), frame.len())),
    }
}

/// The run a coroutine is in, which it went into itself and by this table.
fn own_run(program: &Program, state: &SessionState, who: u16, table: u32) -> Option<RunId> {
    let Coroutine { role, part, children: 0, .. } = state.coroutines[usize::from(who)] else { return None };
    let run = part.run()?;
    let entry = state.runs.get(run);
    let scope = program.roles.get(usize::from(role))?.scopes.get(table as usize)?.scope;
    (entry.member(role)?.who == who && entry.scope == scope).then_some(run)
}

/// The end of a role's part of the body: its owner decides, the others wait for it.
pub(super) fn exit(program: &Program, state: &mut SessionState, who: u16, table: u32) -> Result<Turn, Box<Fault>> {
    let run = own_run(program, state, who, table).ok_or_else(|| misplaced("Exit"))?;
    let Coroutine { role, part, called, .. } = state.coroutines[usize::from(who)];
    if !part.is_body() {
        return Err(misplaced("Exit"));
    }
    if called.is_none() && state.runs.get(run).outcome.is_none() {
        if owner(program, state, run) != Some(role) {
            return Ok(Turn::Wait(Status::Awaiting));
        }
        return decide(program, state, run, Outcome::Done, None).map(|()| Turn::On);
    }
    depart_from(program, state, who, called.unwrap_or(run))?;
    Ok(Turn::On)
}

fn owner(program: &Program, state: &SessionState, run: RunId) -> Option<u16> {
    let scope = state.runs.get(run).scope;
    program.image().scopes.get(scope as usize).map(|scope| scope.owner)
}

/// The end of the block of an outcome.
pub(super) fn leave(program: &Program, state: &mut SessionState, who: u16, table: u32) -> Result<Turn, Box<Fault>> {
    let run = own_run(program, state, who, table).ok_or_else(|| misplaced("Leave"))?;
    let Coroutine { role, part, .. } = state.coroutines[usize::from(who)];
    if part.is_body() {
        return Err(misplaced("Leave"));
    }
    let (around, scope) = (state.runs.get(run).parent, state.runs.get(run).scope);
    let owner = owner(program, state, run);
    let part = state.runs.leave(role, part);
    let coroutine = &mut state.coroutines[usize::from(who)];
    coroutine.part = part;
    coroutine.pc += 1;
    wake_entering(program, state, owner, (around, scope));
    clear_inbox(program, state, who);
    Ok(Turn::On)
}

/// Lets the owner of a scope try again to go into it, if it waits for that.
fn wake_entering(program: &Program, state: &mut SessionState, owner: Option<u16>, (part, scope): (Part, u32)) {
    let Some(owner) = owner else { return };
    if state.runs.open_runs(owner, part, scope) >= state.config.edge_capacity as usize {
        return;
    }
    let waits = |coroutine: &Coroutine| {
        let Status::Entering { scope: table } = coroutine.status else { return false };
        let enters = scope_of(program, owner, table).is_ok_and(|(number, _)| number == scope);
        enters && coroutine.role == owner && coroutine.part == part
    };
    let waiting: Vec<u16> = state.coroutines.iter().zip(0..).filter(|(c, _)| waits(c)).map(|(_, who)| who).collect();
    waiting.into_iter().for_each(|who| make_ready(state, who));
}

/// Decides how a run ends, and tells its participants.
fn decide(
    program: &Program,
    state: &mut SessionState,
    run: RunId,
    outcome: Outcome,
    failure: Option<&'static str>,
) -> Result<(), Box<Fault>> {
    state.runs.decide(run, outcome, failure);
    let owner = owner(program, state, run);
    let inside = |member: &&Member| member.place == Place::Inside(Part::body(run));
    let mut members: Vec<Member> = state.runs.get(run).present().filter(inside).copied().collect();
    // The owner is the first to know.
    members.sort_by_key(|member| Some(member.role) != owner);
    for Member { role, who, .. } in members {
        let coroutine = state.coroutines[usize::from(who)];
        let is_waiting = match outcome {
            Outcome::Done => coroutine.status == Status::Awaiting && coroutine.part == Part::body(run),
            _ => coroutine.status != Status::Ready,
        };
        // Who has to leave a run around this one leaves that.
        let outer = |called: &RunId| state.runs.get(*called).depth < state.runs.get(run).depth;
        let called = coroutine.called.filter(outer).unwrap_or(run);
        if is_waiting || Some(role) == owner {
            depart_from(program, state, who, called)?;
        } else if outcome != Outcome::Done {
            state.coroutines[usize::from(who)].called = Some(called);
        }
    }
    Ok(())
}

/// A coroutine leaves the run it is called out of.
pub(super) fn depart(program: &Program, state: &mut SessionState, who: u16) -> Result<Turn, Box<Fault>> {
    match state.coroutines[usize::from(who)].called {
        Some(run) => depart_from(program, state, who, run).map(|()| Turn::On),
        None => Err(misplaced("instruction")),
    }
}

/// A coroutine leaves the body of a run whose outcome is decided, and goes on with the block of the outcome.
fn depart_from(program: &Program, state: &mut SessionState, who: u16, run: RunId) -> Result<(), Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    let entry = state.runs.get(run);
    let (Some((outcome, failure)), Some(member)) = (entry.outcome, entry.member(role)) else {
        return Err(misplaced("instruction"));
    };
    let (number, table) = (entry.scope, member.table);
    let Some(role_program) = program.roles.get(usize::from(role)) else {
        return Err(missing("role", u32::from(role)));
    };
    let Some(row) = role_program.scopes.get(table as usize).and_then(|table| table.row(outcome)) else {
        return Err(missing("row of the outcome in scope table", table));
    };
    let word = failure.map_or(Value::Unit, Value::text);
    speculate::undo_of(program, state, who);
    guard::forsake(state, who);
    if outcome == Outcome::Fail && owner(program, state, run) == Some(role) {
        state.log.step(role, EventKind::FailureBranchEntered, || Value::Unit);
    }
    state.log.step(role, EventKind::ScopeOutcome { scope: number, outcome }, || word.clone());
    cancel_request(state, who);
    abandon_children(program, state, who);
    state.runs.learn(role, run, outcome);
    if let (Some(bind), Some(_)) = (row.bind, failure)
        && let Some(register) = state.registers.get_mut(role_program.base + usize::from(bind))
    {
        *register = word;
    }
    let coroutine = &mut state.coroutines[usize::from(who)];
    coroutine.part = Part::block(run, outcome);
    coroutine.called = None;
    coroutine.pc = row.target;
    make_ready(state, who);
    clear_inbox(program, state, who);
    Ok(())
}

/// Discards what the role of a coroutine will never look at.
fn clear_inbox(program: &Program, state: &mut SessionState, who: u16) {
    let Some((mut frame, _)) = Frame::enter(program, state, who) else { return };
    for edge in &*frame.role.inbox {
        communicate::discard(&mut frame, *edge);
    }
}

/// Whether a coroutine that is about to wait for an answer has left a scope instead.
pub(crate) fn leave_if_called(program: &Program, state: &mut SessionState, who: u16) -> bool {
    let is_called = state.coroutines[usize::from(who)].called.is_some();
    let has_left = is_called && depart(program, state, who).is_ok();
    state.log.tick += u64::from(has_left);
    has_left
}

/// An effect of a coroutine failed: whether that ends a scope of its role, or the coroutine has to leave one anyway.
pub(super) fn fail(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    kind: FailureKind,
) -> Result<bool, Box<Fault>> {
    let Coroutine { role, part, called, .. } = state.coroutines[usize::from(who)];
    if let Some(run) = called {
        depart_from(program, state, who, run)?;
        return Ok(true);
    }
    let mut part = part;
    while let Some(run) = part.run() {
        if part.is_body() && can_decide(program, state, run, role, Outcome::Fail) {
            decide(program, state, run, Outcome::Fail, Some(kind.text()))?;
            return Ok(true);
        }
        part = state.runs.get(run).parent;
    }
    Ok(false)
}

/// Whether a role owns a run, nothing is decided about it, and it can end so.
fn can_decide(program: &Program, state: &SessionState, run: RunId, role: u16, outcome: Outcome) -> bool {
    let entry = state.runs.get(run);
    let scope = program.image().scopes.get(entry.scope as usize);
    entry.outcome.is_none() && scope.is_some_and(|scope| scope.owner == role && scope.outcomes.contains(&outcome))
}

/// Whether the clock went on to where a role that made no step goes on, as that is the next thing to happen.
fn resume(state: &mut SessionState) -> bool {
    let Some(rare) = &mut state.rare else { return false };
    let Some(when) = rare.disturbance.resumption() else { return false };
    let sleep = state.clock.first().map(|(until, _)| until);
    let deadline = state.runs.deadline().map(|(until, _)| until);
    if sleep.into_iter().chain(deadline).any(|until| until < when) {
        return false;
    }
    state.clock.advance(when);
    rare.disturbance.resume(when);
    // Those of roles that still make no step are parked again.
    let parked = rare.disturbance.parked.drain(..);
    parked.for_each(|who| state.ready.push_back(&mut state.coroutines, who));
    true
}

impl VMKernel {
    /// The innermost open scope of a role that can be cancelled ends with `cancel`; false if there is none.
    pub(crate) fn cancel(program: &Program, state: &mut SessionState, role: u16) -> Result<bool, Box<Fault>> {
        let alive = state.coroutines.iter().filter(|coroutine| coroutine.status != Status::Gone);
        let open = alive.filter(|coroutine| coroutine.role == role).flat_map(|coroutine| {
            let around = |part: &Part| part.run().map(|run| state.runs.get(run).parent);
            std::iter::successors(Some(coroutine.part), around)
        });
        let bodies = open.filter(|part| part.is_body()).filter_map(Part::run);
        let cancellable = bodies.filter(|run| can_decide(program, state, *run, role, Outcome::Cancel));
        let Some(run) = cancellable.max_by_key(|run| (state.runs.get(*run).depth, std::cmp::Reverse(*run))) else {
            return Ok(false);
        };
        decide(program, state, run, Outcome::Cancel, None)?;
        state.log.tick += 1;
        Ok(true)
    }

    /// Lets the clock of a session in which nothing else can happen go on to the next sleep, deadline or end of a role's
    /// timeout; false if there is none. What ends when a deadline passes is in time.
    pub(crate) fn advance_clock(program: &Program, state: &mut SessionState) -> Result<bool, (u16, Box<Fault>)> {
        if resume(state) {
            return Ok(true);
        }
        let sleep = state.clock.first();
        match (sleep, state.runs.deadline()) {
            (Some((until, who)), deadline) if deadline.is_none_or(|(when, _)| until <= when) => {
                state.clock.advance(until);
                if let Completion::Faulted(fault) = Self::complete(program, state, who, Ok(Value::Unit)) {
                    return Err((who, fault));
                }
            }
            (_, Some((when, run))) => {
                state.clock.advance(when);
                let scope = state.runs.get(run).scope;
                let owner = owner(program, state, run).unwrap_or_default();
                state.log.step(owner, EventKind::TimeoutIssued { scope }, || Value::Unit);
                if let Some(rare) = &mut state.rare {
                    rare.mint(owner);
                }
                decide(program, state, run, Outcome::Timeout, None).map_err(|fault| (owner, fault))?;
                state.log.tick += 1;
            }
            (_, None) => return Ok(false),
        }
        Ok(true)
    }
}
