//! The pieces code is made of. Each leaves behind what it found: the same things open, the same things held.

mod held;
mod lossy;
mod structure;

use super::coder::{Coder, Env};
use super::world::{BOOL, GIVE, INT, MAYBE, PAIR, RECORD, STRING, STRINGS, TREE, UNIT};
use tell_ir::image::{ChooseRow, ChooseTable};
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::machine::{State, StateId};
use tell_ir::prim::Prim;
use tell_ir::ty::TypeId;

/// Deepest nesting of pieces.
const DEEPEST: usize = 3;

impl Coder<'_> {
    /// So many pieces, one after the other.
    pub(super) fn pieces(&mut self, env: &mut Env, count: usize) {
        for _ in 0..count {
            self.piece(env);
        }
    }

    fn piece(&mut self, env: &mut Env) {
        let is_deep = env.depth >= DEEPEST;
        match self.numbers.below(24) {
            0 | 1 if env.may_wait => self.send(env),
            2 | 3 if env.may_wait => self.receive(env),
            4 if env.may_wait && !is_deep => self.offer(env),
            5 | 6 if env.may_wait && !is_deep => self.choose(env),
            7 => self.perform(env),
            8 | 9 => self.data(env),
            10 => self.switch(env),
            11 if !is_deep => self.decide(env),
            12 if !is_deep => self.repeat(env),
            13 | 14 if env.may_wait && !is_deep => self.par(env),
            15 | 16 if env.may_wait && !is_deep => self.scope(env),
            17 if !is_deep => self.guard(env),
            18 if env.may_wait && !is_deep => self.open(env),
            19 if env.may_wait => self.accept(env),
            20 => self.know(env),
            21 if env.may_wait => self.speculate(env),
            22 if env.may_wait && !is_deep => self.listen(env),
            23 if env.may_wait => self.tell(env),
            _ => self.emit(Instr::Yield),
        }
    }

    /// The edges that may be used and lose nothing.
    fn certain(&self, env: &Env) -> impl Iterator<Item = (u16, u16)> {
        let is_lossy = |pair: (u16, u16)| self.image.edges.iter().any(|edge| (edge.from, edge.to) == pair);
        env.edges.iter().copied().filter(move |edge| !is_lossy(*edge))
    }

    /// Somebody to send to.
    fn receiver(&mut self, env: &Env) -> Option<u16> {
        let out: Vec<u16> = self.certain(env).filter(|edge| edge.0 == self.role).map(|edge| edge.1).collect();
        (!out.is_empty()).then(|| *self.numbers.pick(&out))
    }

    /// Somebody to receive from.
    fn sender(&mut self, env: &Env) -> Option<u16> {
        let into: Vec<u16> = self.certain(env).filter(|edge| edge.1 == self.role).map(|edge| edge.0).collect();
        (!into.is_empty()).then(|| *self.numbers.pick(&into))
    }

    /// A label, other than that of endpoints, and its payload.
    fn message(&mut self) -> (u16, TypeId) {
        *self.numbers.pick(&[(0, INT), (1, STRING), (3, UNIT), (4, TREE)])
    }

    fn send(&mut self, env: &mut Env) {
        let Some(to) = self.receiver(env) else { return };
        let (label, ty) = self.message();
        let val = self.value(env, ty);
        let next = self.state();
        self.settle(self.at, State::Send(vec![Self::row(to, label, next)]));
        self.emit(Instr::Send { to, label, val });
        self.behind(next);
    }

    /// Control is in the next state, at a block of its own or not.
    fn behind(&mut self, next: StateId) {
        self.at = next;
        if self.numbers.percent(30) {
            let label = self.label();
            self.place(label, next);
        }
    }

    fn receive(&mut self, env: &mut Env) {
        let Some(from) = self.sender(env) else { return };
        let (label, ty) = self.message();
        let next = self.state();
        let rows = vec![Self::row(from, label, next)];
        self.settle(self.at, State::Recv { rows, may_end: false });
        let dst = self.fresh(ty);
        self.emit(Instr::Receive { from, label, dst });
        env.readable.push(dst);
        self.behind(next);
    }

    /// One of two messages, by a truth value.
    fn offer(&mut self, env: &mut Env) {
        let Some(to) = self.receiver(env) else { return };
        let rest = [(1, STRING), (3, UNIT), (4, TREE)];
        let messages = [(0, INT), *self.numbers.pick(&rest)];
        let values = messages.map(|(_, ty)| self.value(env, ty));
        let test = self.value(env, BOOL);
        let nexts = [self.state(), self.state()];
        let rows = [0, 1].map(|arm| Self::row(to, messages[arm].0, nexts[arm]));
        let here = self.at;
        self.settle(here, State::Send(rows.to_vec()));
        let (other, out, end) = (self.label(), self.label(), self.state());
        self.emit(Instr::Branch { val: test, target: other });
        for arm in 0..2 {
            if arm == 1 {
                self.place(other, here);
            }
            self.emit(Instr::Offer { to, label: messages[arm].0, val: values[arm] });
            self.at = nexts[arm];
            self.arm(env, 1);
            self.silently_to(end, out);
        }
        self.place(out, end);
    }

    /// Pieces whose registers are not known behind.
    fn arm(&mut self, env: &Env, most: usize) {
        let mut inner = Env { depth: env.depth + 1, ..env.clone() };
        let count = self.numbers.below(most + 1);
        self.pieces(&mut inner, count);
    }

    fn choose(&mut self, env: &mut Env) {
        let mut rows = Vec::new();
        for (label, ty) in [(0, INT), (1, STRING), (3, UNIT)] {
            if let (Some(from), true) = (self.sender(env), self.numbers.percent(60)) {
                rows.push((from, label, ty));
            }
        }
        if rows.is_empty() {
            return;
        }
        let may_end = self.numbers.percent(25);
        let (out, end) = (self.label(), self.state());
        let both = self.numbers.percent(30).then(|| self.fresh(INT));
        let mut arms = Vec::new();
        let mut table = ChooseTable { rows: Vec::new(), finals: may_end.then(|| self.finals(env)) };
        let mut states = Vec::new();
        for (partner, label, ty) in rows {
            let (target, state) = (self.label(), self.state());
            let dst = self.fresh(ty);
            table.rows.push(ChooseRow { partner, label, dst, target });
            states.push(Self::row(partner, label, state));
            arms.push((target, state, dst));
        }
        self.settle(self.at, State::Recv { rows: states, may_end });
        if self.numbers.percent(20) {
            table.rows.reverse();
        }
        self.function.chooses.push(table);
        self.emit(Instr::Choose { table: self.function.chooses.len() as u32 - 1 });
        for (label, state, dst) in arms {
            self.place(label, state);
            let mut inner = Env { depth: env.depth + 1, ..env.clone() };
            inner.readable.push(dst);
            let count = self.numbers.below(2);
            self.pieces(&mut inner, count);
            if let Some(both) = both {
                self.emit(Instr::Set { dst: both, value: 2 });
            }
            self.silently_to(end, out);
        }
        env.readable.extend(both);
        self.place(out, end);
    }

    fn perform(&mut self, env: &mut Env) {
        let op = self.numbers.below(self.image.ops.len());
        let (params, result) = (self.image.ops[op].params.clone(), self.image.ops[op].result);
        let args = self.arguments(env, &params);
        let dst = self.fresh(result);
        self.emit(Instr::Perform { op: op as u16, args, dst });
        env.readable.push(dst);
        self.silently_on();
    }

    fn data(&mut self, env: &mut Env) {
        match self.numbers.below(6) {
            0 => {
                let (src, ty) = self.component(env);
                let dst = self.fresh(ty.1);
                self.emit(Instr::Get { dst, src, index: ty.0 });
                env.readable.push(dst);
            }
            1 => {
                let src = self.value(env, STRINGS);
                let dst = self.fresh(INT);
                self.emit(Instr::Count { dst, src });
                env.readable.push(dst);
            }
            2 => {
                let src = self.value(env, TREE);
                let dst = self.fresh(TREE);
                self.emit(Instr::Move { dst, src });
                env.readable.push(dst);
            }
            3 => {
                let is_number = |reg: &&Reg| self.function.regs[usize::from(**reg)] == INT;
                let last = env.readable[env.shared..].iter().rev().find(is_number).copied();
                last.into_iter().for_each(|dst| self.emit(Instr::Set { dst, value: 2 }));
            }
            _ => self.primitive(env),
        }
    }

    /// A product, and one of its components.
    fn component(&mut self, env: &mut Env) -> (Reg, (u16, TypeId)) {
        let product = *self.numbers.pick(&[PAIR, RECORD]);
        (self.value(env, product), *self.numbers.pick(&[(0, INT), (1, STRING)]))
    }

    fn primitive(&mut self, env: &mut Env) {
        let (op, operands, result): (_, &[TypeId], _) = *self.numbers.pick(&[
            (Prim::Add, &[INT, INT][..], INT),
            (Prim::Lt, &[INT, INT], BOOL),
            (Prim::Eq, &[TREE, TREE], BOOL),
            (Prim::Not, &[BOOL], BOOL),
            (Prim::Concat, &[STRING, STRING], STRING),
            (Prim::Join, &[STRINGS, STRING], STRING),
            (Prim::ParseInt, &[STRING], MAYBE),
            (Prim::ToString, &[RECORD], STRING),
        ]);
        let values: Vec<Reg> = operands.iter().map(|ty| self.value(env, *ty)).collect();
        let dst = self.fresh(result);
        self.emit(Instr::Prim { op, dst, a: values[0], b: values.last().copied().unwrap_or(0) });
        env.readable.push(dst);
    }

    /// By the variant of a value; nothing is said about it to others.
    fn switch(&mut self, env: &mut Env) {
        let ty = *self.numbers.pick(&[TREE, MAYBE]);
        let val = self.value(env, ty);
        let variants: &[&[TypeId]] = if ty == TREE { &[&[], &[INT, STRING], &[TREE]] } else { &[&[], &[INT]] };
        let targets: Vec<u32> = variants.iter().map(|_| self.label()).collect();
        self.function.switches.push(targets.clone());
        self.emit(Instr::Switch { val, table: self.function.switches.len() as u32 - 1 });
        let (out, here) = (self.label(), self.at);
        for (target, parts) in targets.into_iter().zip(variants) {
            self.place(target, here);
            for (index, part) in (0..).zip(*parts) {
                let dst = self.fresh(*part);
                self.emit(Instr::Get { dst, src: val, index });
            }
            if parts.is_empty() && self.numbers.percent(30) {
                self.emit(Instr::Fail { fault: FailKind::Unreachable, text: 3 });
            } else {
                self.emit(Instr::Jump { target: out });
            }
        }
        self.place(out, here);
    }

    /// Something only this role decides.
    fn decide(&mut self, env: &mut Env) {
        let test = self.value(env, BOOL);
        let (yes, no, end) = (self.state(), self.state(), self.state());
        let (then, other, out) = (self.label(), self.label(), self.label());
        let both = self.numbers.percent(50).then(|| self.fresh(INT));
        self.settle(self.at, State::Tau(vec![yes, no]));
        self.emit(Instr::Branch { val: test, target: other });
        for (label, state) in [(then, yes), (other, no)] {
            self.place(label, state);
            self.arm(env, 2);
            if let Some(both) = both {
                self.emit(Instr::Set { dst: both, value: 2 });
            }
            self.silently_to(end, out);
        }
        env.readable.extend(both);
        self.place(out, end);
    }

    /// Round and round until something is false.
    fn repeat(&mut self, env: &mut Env) {
        let (head, start) = (self.state(), self.label());
        self.settle(self.at, State::Tau(vec![head]));
        self.place(start, head);
        let mut inner = Env { depth: env.depth + 1, ..env.clone() };
        let count = 1 + self.numbers.below(2);
        self.pieces(&mut inner, count);
        let test = self.value(&mut inner, BOOL);
        let (out, end) = (self.label(), self.state());
        self.emit(Instr::Yield);
        self.settle(self.at, State::Tau(vec![head, end]));
        self.emit(Instr::Branch { val: test, target: out });
        self.emit(Instr::Jump { target: start });
        env.readable = inner.readable;
        self.place(out, end);
    }

    /// Takes an endpoint and closes it.
    fn accept(&mut self, env: &mut Env) {
        let Some(from) = self.sender(env) else { return };
        let next = self.state();
        let rows = vec![Self::row(from, GIVE, next)];
        self.settle(self.at, State::Recv { rows, may_end: false });
        let dst = self.fresh(super::world::ENDPOINT);
        self.emit(Instr::Receive { from, label: GIVE, dst });
        self.behind(next);
        let mut inner = Env { depth: env.depth + 1, ..env.clone() };
        let count = self.numbers.below(2);
        self.pieces(&mut inner, count);
        self.spend(env, dst);
    }
}
