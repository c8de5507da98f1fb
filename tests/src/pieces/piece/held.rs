//! Pieces with something that is used once, with knowledge, and with speculation.

use super::super::coder::{Coder, Env};
use super::super::world::{BOOL, ENDPOINT, EVIDENCE, GIVE, INT, MAYBE, STRING, WITNESS};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::State;
use tell_ir::resource::OpenTable;
use tell_ir::ty::TypeId;

impl Coder<'_> {
    /// Something under a guard.
    pub(super) fn guard(&mut self, env: &mut Env) {
        if usize::from(env.layer) >= self.image.resources.layers.len() {
            return;
        }
        let layer = env.layer + self.numbers.below(self.image.resources.layers.len() - usize::from(env.layer)) as u16;
        let dst = self.fresh(TypeId(EVIDENCE.0 + u32::from(layer)));
        self.emit(Instr::Acquire { layer, dst });
        self.silently_on();
        let mut inner = Env { depth: env.depth + 1, layer: layer + 1, may_wait: false, ..env.clone() };
        let count = 1 + self.numbers.below(2);
        self.pieces(&mut inner, count);
        self.emit(Instr::Release { layer, evidence: dst });
        env.readable = inner.readable;
    }

    /// A nested session.
    pub(super) fn open(&mut self, env: &mut Env) {
        let arg = self.value(env, INT);
        let dst = self.fresh(ENDPOINT);
        self.function.opens.push(OpenTable { nested: 0, args: vec![vec![arg], Vec::new()] });
        self.emit(Instr::Open { table: self.function.opens.len() as u32 - 1, dst });
        self.silently_on();
        let mut inner = Env { depth: env.depth + 1, ..env.clone() };
        let count = self.numbers.below(3);
        self.pieces(&mut inner, count);
        env.readable = inner.readable;
        self.spend(env, dst);
    }

    /// Closes an endpoint, gives it to another role, or to another session.
    pub(super) fn spend(&mut self, env: &mut Env, endpoint: Reg) {
        let to = self.receiver(env);
        match (self.numbers.below(4), to) {
            (0, Some(to)) => {
                let bundle = self.numbers.below(self.image.resources.bundles.len()) as u16;
                let next = self.state();
                self.settle(self.at, State::Send(vec![Self::row(to, GIVE, next)]));
                self.emit(Instr::Transfer { endpoint, to, bundle });
                self.behind(next);
            }
            (1, _) => {
                let dst = self.fresh(ENDPOINT);
                self.function.opens.push(OpenTable { nested: 1, args: vec![vec![endpoint]] });
                self.emit(Instr::Open { table: self.function.opens.len() as u32 - 1, dst });
                self.silently_on();
                self.close(env, dst);
            }
            _ => self.close(env, endpoint),
        }
    }

    fn close(&mut self, env: &mut Env, endpoint: Reg) {
        let dst = self.fresh(STRING);
        self.emit(Instr::Close { endpoint, dst });
        self.silently_on();
        env.readable.push(dst);
    }

    /// A fact, and whether another role may know it.
    pub(super) fn know(&mut self, env: &mut Env) {
        let fact = self.numbers.below(self.image.resources.facts.len()) as u16;
        let ty = TypeId(WITNESS.0 + u32::from(fact));
        let (witness, copy, holds) = (self.fresh(ty), self.fresh(ty), self.fresh(BOOL));
        self.emit(Instr::Tag { fact, dst: witness });
        self.emit(Instr::Move { dst: copy, src: witness });
        let to = self.numbers.below(self.image.roles.len()) as u16;
        self.emit(Instr::Check { fact, to, dst: holds });
        env.readable.extend([witness, copy, holds]);
    }

    /// The same message, first tried, then sent or received for good where that was undone.
    pub(super) fn speculate(&mut self, env: &mut Env) {
        let sends = self.numbers.percent(50);
        let Some(partner) = (if sends { self.receiver(env) } else { self.sender(env) }) else { return };
        let (here, next, end) = (self.at, self.state(), self.state());
        let (undone, out) = (self.label(), self.label());
        let (label, ty) = self.message();
        let val = if sends { self.value(env, ty) } else { self.fresh(ty) };
        let rows = vec![Self::row(partner, label, next)];
        let (state, instr) = if sends {
            (State::Send(rows), Instr::Send { to: partner, label, val })
        } else {
            (State::Recv { rows, may_end: false }, Instr::Receive { from: partner, label, dst: val })
        };
        let mut inner = Env { depth: env.depth + 1, ..env.clone() };
        self.settle(here, state);
        self.emit(Instr::Fork { target: undone });
        self.tried(&mut inner, sends);
        self.emit(instr);
        self.at = next;
        self.tried(&mut inner, false);
        if self.numbers.percent(70) {
            self.emit(Instr::Join);
            self.emit(Instr::Jump { target: out });
        } else {
            self.emit(Instr::Abort);
        }
        self.place(undone, here);
        self.emit(instr);
        self.emit(Instr::Jump { target: out });
        self.settle(next, State::Tau(vec![end]));
        self.place(out, end);
        if !sends {
            env.readable.push(val);
        }
    }

    /// What may stand in a speculation besides messages.
    fn tried(&mut self, env: &mut Env, may_perform: bool) {
        match self.numbers.below(5) {
            0 => self.data(env),
            1 => self.know(env),
            2 if may_perform => {
                let args = self.arguments(env, &[STRING]);
                let dst = self.fresh(MAYBE);
                self.emit(Instr::Perform { op: 0, args, dst });
            }
            3 => self.switch(env),
            _ => {}
        }
    }
}
