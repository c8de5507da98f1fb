//! What an instruction can reach: the registers of its coroutine, the edges and coroutines of its session.

use super::program::{Program, RoleProgram};
use crate::config::VMConfig;
use crate::edge::{Edge, Queued};
use crate::event::Log;
use crate::fault::Fault;
use crate::holdings::Holdings;
use crate::lazy::Lazy;
use crate::ready::Ready;
use crate::runs::{Part, Runs};
use crate::session::{Coroutine, Rare, SessionState, Status};
use crate::value::Value;
use crate::value::node::Oversize;
use tell_ir::instr::Reg;

/// Where control goes after an instruction.
pub(super) enum Flow {
    Next,
    To(u32),
    /// To the next instruction, after the other coroutines.
    Yield,
    /// Nowhere before the answer to the request in the coroutine's status.
    Issue,
    Halt,
    /// Not committed; the coroutine waits, and its status says for what.
    Wait,
    /// Not carried out: it concerns more than one coroutine or session, or this one only after it has left a scope, or
    /// this one speculates.
    Aside,
}

pub(super) type Exec = Result<Flow, Box<Fault>>;

pub(super) struct Frame<'a> {
    pub(super) program: &'a Program,
    pub(super) role: &'a RoleProgram,
    /// The coroutine.
    pub(super) who: u16,
    /// Its role.
    pub(super) me: u16,
    /// Where in its scopes it is.
    pub(super) part: Part,
    /// Whether it speculates.
    pub(super) speculates: bool,
    /// Whether it does, or has to leave a scope before its next communication: then a message is not simply sent.
    pub(super) is_special: bool,
    pub(super) registers: &'a mut [Value],
    pub(super) edges: &'a mut [Edge],
    pub(super) others: &'a mut [Coroutine],
    pub(super) ready: &'a mut Ready,
    pub(super) runs: &'a mut Lazy<Runs>,
    pub(super) log: &'a mut Log,
    pub(super) requests: &'a mut u32,
    pub(super) config: &'a VMConfig,
    pub(super) holdings: &'a mut Option<Box<Holdings>>,
    pub(super) rare: Option<&'a mut Rare>,
}

impl<'a> Frame<'a> {
    /// The frame of coroutine `who` and its program counter.
    #[inline(always)]
    pub(super) fn enter(program: &'a Program, state: &'a mut SessionState, who: u16) -> Option<(Self, u32)> {
        let coroutine = state.coroutines.get(usize::from(who))?;
        let (pc, me, part) = (coroutine.pc, coroutine.role, coroutine.part);
        let speculates = state.speculation.as_ref().is_some_and(|speculation| speculation.who == who);
        let is_called = coroutine.called.is_some();
        let role = program.roles.get(usize::from(me))?;
        let registers = state.registers.get_mut(role.base..role.base + role.kinds.len())?;
        let frame = Frame {
            program,
            role,
            who,
            me,
            part,
            speculates,
            is_special: is_called || speculates,
            registers,
            edges: &mut state.edges,
            others: &mut state.coroutines,
            ready: &mut state.ready,
            runs: &mut state.runs,
            log: &mut state.log,
            requests: &mut state.requests,
            config: &state.config,
            holdings: &mut state.holdings,
            rare: state.rare.as_deref_mut(),
        };
        Some((frame, pc))
    }

    #[inline]
    pub(super) fn value(&self, register: Reg) -> Result<&Value, Box<Fault>> {
        match self.registers.get(usize::from(register)) {
            Some(value) => Ok(value),
            None => Err(outside_frame(u32::from(register), self.registers.len())),
        }
    }

    /// Whether an edge is cut.
    pub(super) fn is_cut(&self, edge: u32) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.disturbance.is_cut(edge))
    }

    /// The head of an edge, if it was sent in the part this coroutine is in and can be seen.
    #[inline]
    pub(super) fn visible<const RARE: bool>(&self, edge: u32) -> Option<&Queued> {
        if RARE && self.is_cut(edge) {
            return None;
        }
        self.edges[edge as usize].head().filter(|head| head.stamp.part == self.part)
    }

    /// `count` consecutive registers.
    pub(super) fn values(&self, first: Reg, count: usize) -> Result<&[Value], Box<Fault>> {
        let first = usize::from(first);
        match self.registers.get(first..first + count) {
            Some(values) => Ok(values),
            None => Err(outside_frame(crate::value::node::saturated(first + count), self.registers.len())),
        }
    }

    /// Checks that `register` exists and takes values like `value`.
    #[inline(always)]
    pub(super) fn accepts(&self, register: Reg, value: &Value) -> Result<(), Box<Fault>> {
        match self.role.kinds.get(usize::from(register)) {
            Some(kind) if kind.admits(value) => Ok(()),
            Some(kind) => Err(register_type(register, kind.text(), value)),
            None => Err(outside_frame(u32::from(register), self.registers.len())),
        }
    }

    /// Checks and writes; the last thing an instruction does.
    #[inline(never)]
    pub(super) fn write(&mut self, register: Reg, value: Value) -> Exec {
        self.accepts(register, &value)?;
        self.registers[usize::from(register)] = value;
        Ok(Flow::Next)
    }

    /// Writes a number. A register that holds one takes one: what it holds was checked when it was written.
    #[inline(always)]
    pub(super) fn write_int(&mut self, register: Reg, number: i64) -> Exec {
        match self.registers.get_mut(usize::from(register)) {
            Some(Value::Int(place)) => {
                *place = number;
                Ok(Flow::Next)
            }
            _ => self.write(register, Value::Int(number)),
        }
    }

    /// Writes a truth value, likewise.
    #[inline(always)]
    pub(super) fn write_bool(&mut self, register: Reg, truth: bool) -> Exec {
        match self.registers.get_mut(usize::from(register)) {
            Some(Value::Bool(place)) => {
                *place = truth;
                Ok(Flow::Next)
            }
            _ => self.write(register, Value::Bool(truth)),
        }
    }

    /// The coroutine waits.
    #[inline]
    pub(super) fn wait(&mut self, status: Status) -> Exec {
        self.others[usize::from(self.who)].status = status;
        Ok(Flow::Wait)
    }

    /// Lets coroutine `who` run again.
    #[inline]
    pub(super) fn wake(&mut self, who: u16) {
        self.others[usize::from(who)].status = Status::Ready;
        self.ready.push_back(self.others, who);
    }
}

#[cold]
pub(super) fn missing(table: &'static str, index: u32) -> Box<Fault> {
    Box::new(Fault::MissingEntry { table, index })
}

#[cold]
pub(super) fn misplaced(instruction: &'static str) -> Box<Fault> {
    Box::new(Fault::Misplaced { instruction })
}

#[cold]
pub(super) fn outside_code(pc: u32, len: usize) -> Box<Fault> {
    Box::new(Fault::PcOutOfBounds { pc, len: crate::value::node::saturated(len) })
}

#[cold]
pub(super) fn outside_frame(register: u32, frame: usize) -> Box<Fault> {
    Box::new(Fault::OutOfRegisters { register, frame: crate::value::node::saturated(frame) })
}

#[cold]
pub(super) fn register_type(register: Reg, expected: &str, found: &Value) -> Box<Fault> {
    violation(format!("register {register}"), expected, found)
}

#[cold]
pub(super) fn violation(place: String, expected: &str, found: &Value) -> Box<Fault> {
    Box::new(Fault::TypeViolation { place, expected: expected.to_owned(), found: found.shape().to_owned() })
}

#[cold]
pub(super) fn oversize(oversize: Oversize) -> Box<Fault> {
    let (what, value, max) = match oversize {
        Oversize::Depth { depth, max } => ("nesting of a value", depth, max),
        Oversize::Size { size, max } => ("size of a value", size, max),
    };
    limit(what, u64::from(value), u64::from(max))
}

#[cold]
pub(super) fn limit(what: &'static str, value: u64, max: u64) -> Box<Fault> {
    Box::new(Fault::LimitExceeded { what, value, max })
}
