//! The kernel: the only place with instruction semantics (MACHINE §3).
//!
//! A step checks everything that can fail before its first write. So a step that blocks or faults leaves registers,
//! edges and counters as they were; it changes the status of its coroutine and nothing else. Nothing here relies on
//! the image being verified: each index, label and shape is looked up with a check that ends in a typed fault.
//!
//! Start with `VMKernel::advance`; families of instructions are in the submodules.

mod branch;
mod communicate;
mod data;
mod frame;
pub(crate) mod perform;
mod prim;
pub mod program;
pub(crate) mod quiescence;
pub(crate) mod scope;

use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::{SessionState, Status};
use crate::value::Value;
use frame::{Exec, Flow, Frame};
use program::Program;
use tell_ir::instr::Instr;

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
        Self::advance(program, state, who, &mut 1)
    }

    /// Steps of coroutine `who` until it cannot go on or `budget` committed steps are used up.
    pub(crate) fn advance(program: &Program, state: &mut SessionState, who: u16, budget: &mut u32) -> Outcome {
        loop {
            let turn = match Self::straight(program, state, who, budget) {
                Stop::At(outcome) => return outcome,
                Stop::Structure(instr) => structure(program, state, who, instr),
                Stop::Called => scope::depart(program, state, who),
            };
            match turn {
                Ok(Turn::Wait(status)) => {
                    // Who has to leave a scope does not wait in it.
                    if state.coroutines[usize::from(who)].called.is_none() {
                        state.coroutines[usize::from(who)].status = status;
                        return Outcome::Blocked;
                    }
                    if let Err(fault) = scope::depart(program, state, who) {
                        return Outcome::Faulted(fault);
                    }
                }
                Ok(Turn::On) => {}
                Ok(Turn::Gone) => {
                    state.log.tick += 1;
                    *budget -= 1;
                    return Outcome::Finished;
                }
                Err(fault) => return Outcome::Faulted(fault),
            }
            state.log.tick += 1;
            *budget -= 1;
        }
    }

    /// Steps of coroutine `who` that concern it alone.
    fn straight(program: &Program, state: &mut SessionState, who: u16, budget: &mut u32) -> Stop {
        let Some((mut frame, mut pc)) = Frame::enter(program, state, who) else {
            return Stop::At(Outcome::Faulted(frame::missing("coroutine", u32::from(who))));
        };
        let code = &*frame.role.code;
        let stop = loop {
            if *budget == 0 {
                break Stop::At(Outcome::Ran);
            }
            let Some(instr) = code.get(pc as usize) else {
                break Stop::At(Outcome::Faulted(frame::outside_code(pc, code.len())));
            };
            let (next, stop) = match execute(&mut frame, *instr) {
                Ok(Flow::Next) => (pc + 1, None),
                Ok(Flow::To(target)) => (target, None),
                Ok(Flow::Yield) => (pc + 1, Some((Status::Ready, Outcome::Yielded))),
                Ok(Flow::Issue(request)) => (pc, Some((Status::Performing(request), Outcome::Issued))),
                Ok(Flow::Halt(finals)) => (pc, Some((Status::Halted { finals }, Outcome::Halted))),
                Ok(Flow::Wait(status)) => {
                    frame.others[usize::from(who)].status = status;
                    break Stop::At(Outcome::Blocked);
                }
                Ok(Flow::Structure) => break Stop::Structure(*instr),
                Ok(Flow::Called) => break Stop::Called,
                Err(fault) => break Stop::At(Outcome::Faulted(fault)),
            };
            pc = next;
            frame.log.tick += 1;
            *budget -= 1;
            if let Some((status, outcome)) = stop {
                frame.others[usize::from(who)].status = status;
                break Stop::At(outcome);
            }
        };
        frame.others[usize::from(who)].pc = pc;
        stop
    }
}

/// Why a coroutine does not go straight on.
enum Stop {
    At(Outcome),
    Structure(Instr),
    Called,
}

/// Carries out an instruction that concerns more than one coroutine.
fn structure(program: &Program, state: &mut SessionState, who: u16, instr: Instr) -> Result<Turn, Box<Fault>> {
    match instr {
        Instr::Spawn { target } => branch::spawn(state, who, target),
        Instr::JoinAll => Ok(branch::join(state, who)),
        Instr::Finish => branch::finish(state, who),
        Instr::Enter { scope } => scope::enter(program, state, who, scope),
        Instr::Exit { scope } => scope::exit(program, state, who, scope),
        Instr::Leave { scope } => scope::leave(program, state, who, scope),
        _ => Err(frame::misplaced("instruction")),
    }
}

/// The effect of one instruction; the program counter and the status are the caller's.
#[inline]
fn execute(frame: &mut Frame<'_>, instr: Instr) -> Exec {
    match instr {
        Instr::Send { to, label, val } => communicate::send(frame, to, label, val, EventKind::Sent),
        Instr::Offer { to, label, val } => communicate::send(frame, to, label, val, EventKind::Offered),
        Instr::Receive { from, label, dst } => communicate::receive(frame, from, label, dst),
        Instr::Choose { table } => communicate::choose(frame, table),
        Instr::Perform { op, args, dst } => perform::issue(frame, op, args, dst),
        Instr::Set { dst, value } => data::set(frame, dst, value),
        Instr::Move { dst, src } => frame.value(src).cloned().and_then(|value| frame.write(dst, value)),
        Instr::Prim { op, dst, a, b } => {
            let value = prim::apply(frame, op, a, b)?;
            frame.write(dst, value)
        }
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
        Instr::Yield => Ok(Flow::Yield),
        Instr::Fail { fault, text } => Err(data::fail(frame, fault, text)),
        Instr::Halt { finals } => data::halt(frame, finals),
        Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Leave { .. } => Ok(Flow::Structure),
    }
}
