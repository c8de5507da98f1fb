//! Pieces with parts of their own: branches side by side, and scopes with outcomes.

use super::super::coder::{Coder, Env};
use super::super::world::{DURATION, STRING};
use std::collections::BTreeSet;
use tell_ir::image::{Outcome, ScopeRow, ScopeTable};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::{State, StateId};

impl Coder<'_> {
    /// Two or three branches; each has edges of its own.
    pub(super) fn par(&mut self, env: &mut Env) {
        let count = 1 + self.numbers.below(3);
        let mut shares = vec![BTreeSet::new(); count];
        for edge in &env.edges {
            shares[self.numbers.below(count)].insert(*edge);
        }
        let starts: Vec<(StateId, u32)> = (0..count).map(|_| (self.state(), self.label())).collect();
        let (then, join, out) = (self.state(), self.label(), self.label());
        self.settle(self.at, State::Par { branches: starts.iter().map(|start| start.0).collect(), then });
        for (_, label) in &starts {
            self.emit(Instr::Spawn { target: *label });
        }
        self.emit(Instr::JoinAll);
        self.place(join, then);
        self.emit(Instr::Jump { target: out });
        let around = env.readable.len();
        let mut written = Vec::new();
        for (at, ((state, label), edges)) in starts.into_iter().zip(shares).enumerate() {
            let scopes = if at == 0 { env.scopes.clone() } else { Vec::new() };
            let mut inner = Env { depth: env.depth + 1, edges, scopes, shared: around, ..env.clone() };
            self.place(label, state);
            let count = self.numbers.below(3);
            self.pieces(&mut inner, count);
            self.settle(self.at, State::Join);
            self.emit(Instr::Finish);
            written.extend(inner.readable.drain(around..));
        }
        env.readable.extend(written);
        self.place(out, then);
    }

    /// A scope that this role takes part in.
    pub(super) fn scope(&mut self, env: &mut Env) {
        if env.scopes.is_empty() {
            return;
        }
        let scope = *self.numbers.pick(&env.scopes);
        let about = &self.image.scopes[scope as usize];
        let inside = |role: u16| about.participants.contains(&role);
        let edges: BTreeSet<_> = env.edges.iter().copied().filter(|edge| inside(edge.0) && inside(edge.1)).collect();
        let smaller = |other: &u32| {
            let participants = &self.image.scopes[*other as usize].participants;
            *other != scope && participants.iter().all(|role| inside(*role))
        };
        let scopes: Vec<u32> = env.scopes.iter().copied().filter(smaller).collect();
        let keeps_time = about.owner == self.role && about.outcomes.contains(&Outcome::Timeout);
        let deadline = keeps_time.then(|| self.value(env, DURATION));
        let inner = Env { depth: env.depth + 1, edges, scopes, ..env.clone() };
        let blocks = self.outcomes(&about.outcomes.clone());
        let (body, then, start, out) = (self.state(), self.state(), self.label(), self.label());
        let rows = blocks.iter().map(|block| (block.0.outcome, block.1)).collect();
        self.settle(self.at, State::Scope { scope, body, rows, then });
        let table = self.function.scopes.len() as u32;
        self.function.scopes.push(ScopeTable { scope, deadline, rows: blocks.iter().map(|block| block.0).collect() });
        self.emit(Instr::Enter { scope: table });
        self.place(start, body);
        let mut body = inner.clone();
        let count = self.numbers.below(3);
        self.pieces(&mut body, count);
        self.settle(self.at, State::Join);
        self.emit(Instr::Exit { scope: table });
        let mut placed = BTreeSet::new();
        for (row, state) in blocks.into_iter().filter(|block| placed.insert(block.0.target)) {
            self.place(row.target, state);
            let mut block = if row.outcome == Outcome::Done { body.clone() } else { inner.clone() };
            block.readable.extend(row.bind);
            let count = self.numbers.below(2);
            self.pieces(&mut block, count);
            self.settle(self.at, State::Join);
            self.emit(Instr::Leave { scope: table });
            self.emit(Instr::Jump { target: out });
        }
        self.place(out, then);
    }

    /// The rows of a scope table and the states of their blocks; some outcomes have one block.
    fn outcomes(&mut self, outcomes: &[Outcome]) -> Vec<(ScopeRow, StateId)> {
        let mut blocks: Vec<(ScopeRow, StateId)> = Vec::new();
        for outcome in outcomes {
            let shared = blocks.last().filter(|last| last.0.outcome != Outcome::Done && last.0.bind.is_none()).copied();
            if let (Some((last, state)), true) = (shared, self.numbers.percent(30)) {
                blocks.push((ScopeRow { outcome: *outcome, ..last }, state));
                continue;
            }
            let binds = *outcome == Outcome::Fail && self.numbers.percent(60);
            let bind: Option<Reg> = binds.then(|| self.fresh(STRING));
            blocks.push((ScopeRow { outcome: *outcome, bind, target: self.label() }, self.state()));
        }
        blocks
    }
}
