//! The kernel: the only place with instruction semantics (MACHINE §3).
//!
//! A step checks everything that can fail before its first write. So a step that blocks or faults leaves registers,
//! edges and counters as they were; it changes the status of its coroutine and nothing else. Nothing here relies on
//! the image being verified: each index, label and shape is looked up with a check that ends in a typed fault.
//!
//! Start with `VMKernel::advance`; families of instructions are in the submodules.

mod communicate;
mod data;
mod frame;
pub(crate) mod perform;
mod prim;
pub mod program;
pub(crate) mod quiescence;

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
    /// Committed: the coroutine is done.
    Halted,
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
        let Some((mut frame, mut pc)) = Frame::enter(program, state, who) else {
            return Outcome::Faulted(frame::missing("coroutine", u32::from(who)));
        };
        let code = &*frame.role.code;
        let outcome = loop {
            if *budget == 0 {
                break Outcome::Ran;
            }
            let Some(instr) = code.get(pc as usize) else {
                break Outcome::Faulted(frame::outside_code(pc, code.len()));
            };
            let (next, stop) = match execute(&mut frame, *instr) {
                Ok(Flow::Next) => (pc + 1, None),
                Ok(Flow::To(target)) => (target, None),
                Ok(Flow::Yield) => (pc + 1, Some((Status::Ready, Outcome::Yielded))),
                Ok(Flow::Issue(request)) => (pc, Some((Status::Performing(request), Outcome::Issued))),
                Ok(Flow::Halt(finals)) => (pc, Some((Status::Halted { finals }, Outcome::Halted))),
                Ok(Flow::Wait(status)) => {
                    frame.others[usize::from(who)].status = status;
                    break Outcome::Blocked;
                }
                Err(fault) => break Outcome::Faulted(fault),
            };
            pc = next;
            frame.log.tick += 1;
            *budget -= 1;
            if let Some((status, outcome)) = stop {
                frame.others[usize::from(who)].status = status;
                break outcome;
            }
        };
        frame.others[usize::from(who)].pc = pc;
        outcome
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
        | Instr::Leave { .. } => Err(frame::missing("scope", 0)),
    }
}
