//! The kernel: the only place with instruction semantics (MACHINE §3).
//!
//! A step checks everything that can fail before its first write. So a step that blocks or faults leaves registers,
//! edges and counters as they were; it changes the status of its coroutine and nothing else. Nothing here relies on
//! the image being verified: each index, label and shape is looked up with a check that ends in a typed fault.
//!
//! Start with `VMKernel::advance`; families of instructions are in the submodules.

mod branch;
mod buffer;
mod communicate;
mod data;
mod disturb;
mod frame;
mod guard;
mod knowledge;
mod nested;
mod output;
pub(crate) mod perform;
mod prim;
pub mod program;
pub(crate) mod quiescence;
pub(crate) mod scope;
pub(crate) mod speculate;

use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::{SessionState, Status, Want};
use crate::value::{Kind, Value};
use frame::{Exec, Flow, Frame, missing, outside_frame};
use program::Program;
use tell_ir::instr::{Instr, Reg};

/// Instruction semantics. It has no state of its own.
#[derive(Clone, Copy, Debug)]
pub struct VMKernel;

/// What became of an instruction that concerns more than one coroutine.
enum Turn {
    /// Committed; its own program counter is where it goes on.
    On,
    /// Not committed; the coroutine gets this status.
    Wait(Status),
    /// Committed; the coroutine is gone.
    Gone,
    /// Not committed; the machine has to grant it.
    Ask(Want),
    /// Committed; the machine has to hear of it.
    Tell,
}

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Committed; the coroutine can go on.
    Ran,
    /// Committed; the other coroutines go first.
    Yielded,
    /// Not committed: the coroutine waits for an edge.
    Blocked,
    /// Committed: a request is outstanding and its handler has to be called.
    Issued,
    /// The machine has to grant what the coroutine asks for, or to hear of what it committed.
    Asked,
    /// Committed: the coroutine, a main one, is done.
    Halted,
    /// Committed: the coroutine, a child, is done and gone.
    Finished,
    /// Not committed: the session ends.
    Faulted(Box<Fault>),
}

impl VMKernel {
    /// One step of coroutine `who`, which must be ready, of a session of this program.
    pub fn step(program: &Program, state: &mut SessionState, who: u16) -> Outcome {
        match state.rare {
            None => Self::advance::<false>(program, state, who, 1),
            Some(_) => Self::advance::<true>(program, state, who, 1),
        }
    }

    /// At most `budget` steps of coroutine `who`, and none after one that concerned more than one coroutine. `RARE` says
    /// whether the session has what most have not.
    pub(crate) fn advance<const RARE: bool>(
        program: &Program,
        state: &mut SessionState,
        who: u16,
        budget: u32,
    ) -> Outcome {
        match straight::<RARE>(program, state, who, budget) {
            Ok(outcome) => outcome,
            Err(instr) => aside(program, state, who, instr),
        }
    }
}

/// At most `left` steps of coroutine `who` that concern it alone. An error is an instruction that is not carried out
/// because it concerns more than one coroutine or session, or this one only after it has left a scope, or it
/// speculates.
///
/// Credits are looked at before an instruction is, and taken when its step is committed.
#[inline(always)]
fn straight<const RARE: bool>(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    mut left: u32,
) -> Result<Outcome, Instr> {
    let mut credits = if RARE { state.rare.as_ref().map_or(u64::MAX, |rare| rare.credits(who)) } else { 0 };
    let Some((mut frame, mut pc)) = Frame::enter(program, state, who) else {
        return Ok(Outcome::Faulted(frame::missing("coroutine", u32::from(who))));
    };
    let code = &*frame.role.code;
    let stop = loop {
        if left == 0 {
            break Ok(Outcome::Ran);
        }
        let Some(&instr) = code.get(pc as usize) else {
            break Ok(Outcome::Faulted(frame::outside_code(pc, code.len())));
        };
        let price = if RARE { u64::from(instr.cost()) } else { 0 };
        if price > credits {
            break Ok(Outcome::Faulted(Box::new(Fault::OutOfCredits { needed: price, left: credits })));
        }
        match execute::<RARE>(&mut frame, instr) {
            Ok(Flow::Next) => pc += 1,
            Ok(Flow::To(target)) => pc = target,
            Ok(Flow::Yield) => {
                pc += 1;
                frame.log.tick += 1;
                credits -= price;
                break Ok(Outcome::Yielded);
            }
            Ok(Flow::Issue) => {
                frame.log.tick += 1;
                credits -= price;
                break Ok(Outcome::Issued);
            }
            Ok(Flow::Halt) => {
                frame.log.tick += 1;
                credits -= price;
                break Ok(Outcome::Halted);
            }
            Ok(Flow::Wait) => break Ok(Outcome::Blocked),
            Ok(Flow::Aside) => break Err(instr),
            Err(fault) => break Ok(Outcome::Faulted(fault)),
        }
        frame.log.tick += 1;
        left -= 1;
        credits -= price;
    };
    frame.others[usize::from(who)].pc = pc;
    if RARE && let Some(rare) = &mut state.rare {
        rare.set_credits(who, credits);
    }
    stop
}

/// One step that [`straight`] does not make.
#[inline(never)]
fn aside(program: &Program, state: &mut SessionState, who: u16, instr: Instr) -> Outcome {
    let turn = match structure(program, state, who, instr) {
        Ok(Turn::Wait(_) | Turn::Ask(_)) if state.coroutines[usize::from(who)].called.is_some() => {
            // Who has to leave a scope does not wait in it.
            scope::depart(program, state, who)
        }
        Ok(Turn::Wait(status)) => {
            state.coroutines[usize::from(who)].status = status;
            return Outcome::Blocked;
        }
        Ok(Turn::Ask(want)) => {
            state.coroutines[usize::from(who)].status = Status::Asking(want);
            return Outcome::Asked;
        }
        turn => turn,
    };
    match turn {
        Ok(turn) => {
            state.log.tick += 1;
            // That there are enough was seen before.
            if let Some(rare) = &mut state.rare {
                rare.set_credits(who, rare.credits(who).saturating_sub(u64::from(instr.cost())));
            }
            match turn {
                Turn::Gone => Outcome::Finished,
                Turn::Tell => Outcome::Asked,
                Turn::On | Turn::Wait(_) | Turn::Ask(_) => Outcome::Ran,
            }
        }
        Err(fault) => Outcome::Faulted(fault),
    }
}

/// An instruction that concerns more than one coroutine or session; of any other, its coroutine speculates, or has to
/// leave a scope first.
fn structure(program: &Program, state: &mut SessionState, who: u16, instr: Instr) -> Result<Turn, Box<Fault>> {
    let is_called = state.coroutines[usize::from(who)].called.is_some();
    if state.speculation.is_some() && !is_called {
        return speculate::step(program, state, who, instr);
    }
    match instr {
        Instr::Spawn { target } => branch::spawn(state, who, target),
        Instr::JoinAll => Ok(branch::join(state, who)),
        Instr::Finish => branch::finish(state, who),
        Instr::Enter { scope } => scope::enter(program, state, who, scope),
        Instr::Exit { scope } => scope::exit(program, state, who, scope),
        Instr::Leave { scope } => scope::leave(program, state, who, scope),
        Instr::Open { table, dst } => nested::open(program, state, who, (table, dst)),
        Instr::Close { endpoint, dst } => nested::close(program, state, who, (endpoint, dst)),
        Instr::Acquire { layer, dst } => guard::acquire(program, state, who, (layer, dst)),
        Instr::Release { layer, evidence } => guard::release(program, state, who, (layer, evidence)),
        Instr::Fork { target } => speculate::fork(program, state, who, target),
        Instr::Join | Instr::Abort if !is_called => Err(speculate::nothing_to_end()),
        Instr::Transfer { endpoint, to, bundle } => nested::transfer(program, state, who, (endpoint, to, bundle)),
        Instr::Tag { fact, dst } => knowledge::tag(program, state, who, (fact, dst)),
        Instr::Check { fact, to, dst } => knowledge::check(program, state, who, (fact, to, dst)),
        _ => scope::depart(program, state, who),
    }
}

/// Where a register of a role is among those of the session; it must exist and be of that kind.
fn place(program: &Program, role: u16, register: Reg, needed: Kind) -> Result<usize, Box<Fault>> {
    let Some(entry) = program.roles.get(usize::from(role)) else { return Err(missing("role", u32::from(role))) };
    match entry.kinds.get(usize::from(register)) {
        Some(kind) if *kind == needed => Ok(entry.base + usize::from(register)),
        Some(kind) => Err(knowledge::wrong_kind(register, *kind, needed)),
        None => Err(outside_frame(u32::from(register), entry.kinds.len())),
    }
}

/// The effect of one instruction; the program counter and the status are the caller's.
#[inline(always)]
fn execute<const RARE: bool>(frame: &mut Frame<'_>, instr: Instr) -> Exec {
    match instr {
        Instr::Send { to, label, val } => communicate::send::<RARE>(frame, to, label, val, EventKind::Sent),
        Instr::Offer { to, label, val } => communicate::send::<RARE>(frame, to, label, val, EventKind::Offered),
        Instr::Receive { from, label, dst } => communicate::receive::<RARE>(frame, from, label, dst),
        Instr::Choose { table } => communicate::choose::<RARE>(frame, table),
        Instr::Perform { op, args, dst } => perform::issue(frame, op, args, dst),
        Instr::Set { dst, value } => data::set(frame, dst, value),
        Instr::Move { dst, src } => data::copy(frame, dst, src),
        Instr::Prim { op, dst, a, b } => prim::compute(frame, op, dst, (a, b)),
        Instr::Make { dst, shape, args } => data::make(frame, dst, shape, args),
        Instr::Get { dst, src, index } => data::get(frame, dst, src, index),
        Instr::Count { dst, src } => data::count(frame, dst, src),
        Instr::Switch { val, table } => data::switch(frame, val, table),
        Instr::Branch { val, target } => match frame.value(val)? {
            Value::Bool(true) => Ok(Flow::Next),
            Value::Bool(false) => Ok(Flow::To(target)),
            other => Err(frame::register_type(val, "Bool", other)),
        },
        Instr::Jump { target } => Ok(Flow::To(target)),
        Instr::Yield if frame.speculates => Ok(Flow::Aside),
        Instr::Yield => Ok(Flow::Yield),
        Instr::Fail { fault, text } => Err(data::fail(frame, fault, text)),
        Instr::Halt { finals } => data::halt(frame, finals),
        Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Transfer { .. }
        | Instr::Tag { .. }
        | Instr::Check { .. } => Ok(Flow::Aside),
    }
}
