//! Code of a role and its machine, written side by side.
//!
//! Targets are labels until the end. `at` is the state of the machine at the end of what is written; what that state
//! is, the next piece that communicates says.

use super::world::{BOOL, DURATION, INT, INTS, MAYBE, PAIR, RECORD, STRING, STRINGS, TREE, UNIT};
use crate::numbers::Numbers;
use std::collections::BTreeSet;
use tell_ir::image::{Block, CodeImage, Final, Function};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::{LocalMachine, State, StateId, Transition};
use tell_ir::ty::TypeId;

/// A role's code, its machine, and the registers of its parameters.
pub(super) struct Coded {
    pub(super) function: Function,
    pub(super) machine: LocalMachine,
    pub(super) params: Vec<(Reg, TypeId)>,
}

/// A role that does nothing.
pub(super) fn nothing() -> Coded {
    let function = Function {
        code: vec![Instr::Halt { finals: 0 }],
        blocks: vec![Block { pc: 0, state: StateId(0) }],
        finals: vec![Vec::new()],
        ..Function::default()
    };
    Coded { function, machine: machine(vec![State::End]), params: Vec::new() }
}

/// A machine that says nothing about a choreography.
fn machine(states: Vec<State>) -> LocalMachine {
    LocalMachine { states, ..LocalMachine::default() }
}

/// What the code written next may do.
#[derive(Clone, Debug)]
pub(super) struct Env {
    /// Registers it may read.
    pub(super) readable: Vec<Reg>,
    /// How many of them other branches may read, too.
    pub(super) shared: usize,
    /// Edges it may use.
    pub(super) edges: BTreeSet<(u16, u16)>,
    /// Scopes it may enter.
    pub(super) scopes: Vec<u32>,
    /// The first layer it may acquire.
    pub(super) layer: u16,
    /// Whether it may wait.
    pub(super) may_wait: bool,
    /// Blocks around it.
    pub(super) depth: usize,
}

pub(super) struct Coder<'a> {
    pub(super) image: &'a CodeImage,
    pub(super) role: u16,
    pub(super) numbers: &'a mut Numbers,
    pub(super) function: Function,
    states: Vec<Option<State>>,
    /// The instruction each label stands at.
    labels: Vec<Option<u32>>,
    pub(super) at: StateId,
    params: Vec<(Reg, TypeId)>,
}

impl<'a> Coder<'a> {
    pub(super) fn new(image: &'a CodeImage, role: u16, numbers: &'a mut Numbers) -> Self {
        Self {
            image,
            role,
            numbers,
            function: Function::default(),
            states: vec![None],
            labels: Vec::new(),
            at: StateId(0),
            params: Vec::new(),
        }
    }

    /// Everything about the role, which receives messages if it `listens`.
    pub(super) fn whole(mut self, listens: bool) -> Coded {
        let others = (0..).take(self.image.roles.len()).filter(|role| *role != self.role);
        let edges = others.flat_map(|other| [(self.role, other), (other, self.role)]);
        let edges = edges.filter(|edge| listens || edge.0 == self.role).collect();
        let is_in = |scope: &u32| self.image.scopes[*scope as usize].participants.contains(&self.role);
        let scopes = (0..).take(self.image.scopes.len()).filter(is_in).collect();
        let mut env = Env { readable: Vec::new(), shared: 0, edges, scopes, layer: 0, may_wait: true, depth: 0 };
        for _ in 0..self.numbers.below(3) {
            let ty = *self.numbers.pick(&[INT, STRING, TREE]);
            let reg = self.fresh(ty);
            self.params.push((reg, ty));
            env.readable.push(reg);
        }
        let start = self.label();
        self.place(start, StateId(0));
        let count = 1 + self.numbers.below(4);
        self.pieces(&mut env, count);
        let finals = self.finals(&env);
        self.settle(self.at, State::End);
        self.emit(Instr::Halt { finals });
        self.resolve()
    }

    /// A finals table of some registers that can be read.
    pub(super) fn finals(&mut self, env: &Env) -> u32 {
        let free = |reg: &&Reg| !self.image.types[self.function.regs[usize::from(**reg)].0 as usize].is_confined();
        let named = |reg: &Reg| Final { name: format!("r{reg}"), reg: *reg };
        let table = env.readable.iter().filter(free).rev().take(2).map(named).collect();
        self.function.finals.push(table);
        self.function.finals.len() as u32 - 1
    }

    /// Labels become places.
    fn resolve(mut self) -> Coded {
        let place = |target: &mut u32| *target = self.labels[*target as usize].expect("every label is placed");
        for instr in &mut self.function.code {
            if let Instr::Branch { target, .. }
            | Instr::Jump { target }
            | Instr::Spawn { target }
            | Instr::Fork { target } = instr
            {
                place(target);
            }
        }
        let function = &mut self.function;
        function.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
        function.scopes.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
        function.switches.iter_mut().flatten().for_each(place);
        let states = self.states.into_iter().map(|state| state.expect("every state is settled")).collect();
        Coded { function: self.function, machine: machine(states), params: self.params }
    }

    pub(super) fn emit(&mut self, instr: Instr) {
        self.function.code.push(instr);
    }

    pub(super) fn label(&mut self) -> u32 {
        self.labels.push(None);
        self.labels.len() as u32 - 1
    }

    /// A block of that state starts here, and the label means it.
    pub(super) fn place(&mut self, label: u32, state: StateId) {
        let pc = self.function.code.len() as u32;
        let clashes = self.function.blocks.last().is_some_and(|last| last.pc == pc && last.state != state);
        if clashes {
            // Two states cannot start at one place.
            self.emit(Instr::Yield);
            return self.place(label, state);
        }
        if self.function.blocks.last().is_none_or(|last| last.pc != pc) {
            self.function.blocks.push(Block { pc, state });
        }
        self.labels[label as usize] = Some(pc);
        self.at = state;
    }

    /// A state that is not settled.
    pub(super) fn state(&mut self) -> StateId {
        self.states.push(None);
        StateId(self.states.len() as u32 - 1)
    }

    pub(super) fn settle(&mut self, state: StateId, is: State) {
        let slot = &mut self.states[state.0 as usize];
        assert!(slot.is_none(), "bug: a state is settled twice");
        *slot = Some(is);
    }

    /// The current state is a silent one that leads to `next`, and control goes there.
    pub(super) fn silently_to(&mut self, next: StateId, label: u32) {
        self.settle(self.at, State::Tau(vec![next]));
        self.emit(Instr::Jump { target: label });
    }

    /// The next state is a new one, a block of its own.
    pub(super) fn silently_on(&mut self) {
        let (next, label) = (self.state(), self.label());
        self.settle(self.at, State::Tau(vec![next]));
        self.place(label, next);
    }

    pub(super) fn row(partner: u16, label: u16, target: StateId) -> Transition {
        Transition { partner, label, target }
    }

    pub(super) fn fresh(&mut self, ty: TypeId) -> Reg {
        self.function.regs.push(ty);
        u16::try_from(self.function.regs.len() - 1).expect("images are small")
    }

    /// A register with a value of that type: one that can be read, or a new one.
    pub(super) fn value(&mut self, env: &mut Env, ty: TypeId) -> Reg {
        let fits: Vec<Reg> =
            env.readable.iter().copied().filter(|reg| self.function.regs[usize::from(*reg)] == ty).collect();
        if !fits.is_empty() && self.numbers.percent(70) {
            return *self.numbers.pick(&fits);
        }
        let dst = self.made(env, ty);
        env.readable.push(dst);
        dst
    }

    fn made(&mut self, env: &mut Env, ty: TypeId) -> Reg {
        let constant = match ty {
            UNIT => Some(0),
            BOOL => Some(1),
            INT => Some(2),
            STRING => Some(3),
            DURATION => Some(4),
            _ => None,
        };
        if let Some(value) = constant {
            let dst = self.fresh(ty);
            self.emit(Instr::Set { dst, value });
            return dst;
        }
        let (shape, parts): (u16, &[TypeId]) = match ty {
            PAIR => (0, &[INT, STRING]),
            RECORD => (1, &[INT, STRING]),
            TREE if self.numbers.percent(50) => (2, &[]),
            TREE => (3, &[INT, STRING]),
            MAYBE => (5, &[INT]),
            INTS => (6, &[INT, INT]),
            STRINGS => (7, &[STRING]),
            _ => panic!("bug: no value of type {ty:?} is ever made"),
        };
        let args = self.arguments(env, parts);
        let dst = self.fresh(ty);
        self.emit(Instr::Make { dst, shape, args });
        dst
    }

    /// Consecutive registers with values of these types.
    pub(super) fn arguments(&mut self, env: &mut Env, types: &[TypeId]) -> Reg {
        let values: Vec<Reg> = types.iter().map(|ty| self.value(env, *ty)).collect();
        let first = u16::try_from(self.function.regs.len()).expect("images are small");
        for (src, ty) in values.into_iter().zip(types) {
            let dst = self.fresh(*ty);
            self.emit(Instr::Move { dst, src });
        }
        first
    }
}
