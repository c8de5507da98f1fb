//! Statements, each written so that the roles in `active`, who know where they are, can carry it out.

use super::expression::From;
use super::scope::{Held, Storage, Ty};
use super::{Body, Kind};

/// Deepest nesting of blocks.
const DEPTH: usize = 4;

impl Body<'_> {
    /// The statements of the whole protocol.
    pub(super) fn top(&mut self, everyone: &[usize]) {
        if self.percent(35) {
            self.statements(everyone, 3);
            self.rec(everyone);
        }
        while self.budget > 0 {
            self.statement(everyone);
        }
        if self.is_full() && self.kind == Kind::Main && self.percent(12) {
            self.open_end(everyone);
        }
    }

    /// A few statements.
    pub(super) fn statements(&mut self, active: &[usize], most: usize) {
        let count = self.numbers().below(most + 1);
        for _ in 0..count.min(self.budget) {
            self.statement(active);
        }
    }

    pub(super) fn statement(&mut self, active: &[usize]) {
        self.budget = self.budget.saturating_sub(1);
        let compound = self.depth < DEPTH && self.budget > 1 && active.len() > 1 && self.percent(35);
        if !compound {
            return self.simple(active);
        }
        let before = self.lines.len();
        if self.is_full() && self.percent(50) {
            return if self.percent(40) { self.par(active) } else { self.scope(active) };
        }
        match self.numbers().below(12) {
            0..=2 => self.choice(active),
            3 | 4 => self.if_then(active),
            5 => self.case(active),
            6 | 7 => self.rec(active),
            8 | 9 => self.counted_loop(active),
            10 => self.repeat(active),
            _ => self.call(active),
        }
        if self.lines.len() > before && self.budget > 0 {
            self.shared.features.after_compound = true;
            self.simple(active);
        }
    }

    pub(super) fn simple(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        if self.is_local_of_full() {
            return self.local_of_full(role);
        }
        match self.numbers().below(20) {
            0 | 1 => self.let_at(role),
            2 => {
                let (name, value) = (self.fresh_name(), self.int(role, From::All));
                self.line(&format!("var {name} at {} : Int = {}", self.names[role], value.text));
                self.scopes.cell(role, &name);
            }
            3 | 4 => self.assign(role),
            5 => {
                if let Some(name) = self.name_of(role, Ty::Int, From::All) {
                    self.line(&format!("assert {name} % 7 < 7 at {}", self.names[role]));
                }
            }
            6 => {
                let name = self.fresh_name();
                self.line(&format!("let {name} at {} = do Random.int(1, 6)", self.names[role]));
                self.scopes.bind_fresh(&[role], &name, Ty::Int);
            }
            7 if active.len() == self.names.len() && active.len() > 1 => self.broadcast(role),
            _ => {
                if let Some(to) = self.other_than(role, active) {
                    self.message(role, to);
                }
            }
        }
    }

    pub(super) fn other_than(&mut self, role: usize, among: &[usize]) -> Option<usize> {
        let others: Vec<usize> = among.iter().copied().filter(|other| *other != role).collect();
        if others.is_empty() { None } else { Some(*self.numbers().pick(&others)) }
    }

    // ---- local statements

    pub(super) fn let_at(&mut self, role: usize) {
        let ty = self.ty_among(&[Ty::Int, Ty::Int, Ty::Bool, Ty::Shape, Ty::Maybe]);
        let value = self.expr(role, ty);
        let known = self.scopes.held(role).iter().find(|held| held.storage == Storage::Binding && held.ty == ty);
        let shadowed = known.map(|held| held.name.clone()).filter(|_| self.depth == 0);
        let name = match shadowed {
            Some(name) if self.percent(10) => name,
            _ => self.fresh_name(),
        };
        // the role is implied if it is the only one that holds what the value reads
        let alone = !value.names.is_empty() && {
            let holds = |other: usize| value.names.iter().all(|name| self.scopes.find(other, name).is_some());
            (0..self.names.len()).filter(|other| holds(*other)).count() == 1
        };
        let at = if alone && self.percent(50) { String::new() } else { format!(" at {}", self.names[role]) };
        // only a declared type says what `Nothing` may hold
        let value = if value.text == "Nothing" { "Just(1)".to_owned() } else { value.text };
        self.line(&format!("let {name}{at} = {value}"));
        self.scopes.bind_fresh(&[role], &name, ty);
    }

    pub(super) fn assign(&mut self, role: usize) {
        let cells: Vec<String> = self
            .scopes
            .held(role)
            .iter()
            .filter(|held| held.storage == Storage::Cell && !held.name.starts_with('k'))
            .filter(|held| !self.within.frozen.contains(&held.name))
            .map(|held| held.name.clone())
            .collect();
        if !cells.is_empty() {
            let cell = self.numbers().pick(&cells).clone();
            let value = self.int(role, From::All);
            self.line(&format!("{cell} := {}", value.text));
        }
    }

    // ---- messages

    pub(super) fn message(&mut self, from: usize, to: usize) {
        let label = self.fresh_label();
        let count = *self.numbers().pick(&[0, 1, 1, 1, 2, 3]);
        let (fields, bound) = self.fields(from, &[to], count);
        let (a, b) = (&self.names[from], &self.names[to]);
        let line = if fields.is_empty() {
            format!("{a} -> {b} : {label}")
        } else {
            format!("{a} -> {b} : {label}({})", fields.join(", "))
        };
        self.line(&line);
        for held in bound {
            self.deliver(&held, from, &[to]);
        }
    }

    pub(super) fn broadcast(&mut self, from: usize) {
        let label = self.fresh_label();
        let others: Vec<usize> = (0..self.names.len()).filter(|role| *role != from).collect();
        let (fields, bound) = self.fields(from, &others, 1);
        self.line(&format!("{} ->* : {label}({})", self.names[from], fields.join(", ")));
        for held in bound {
            self.deliver(&held, from, &others);
        }
    }

    pub(super) fn deliver(&mut self, sent: &Sent, from: usize, to: &[usize]) {
        match sent {
            Sent::Passed(held) => {
                self.shared.features.passed_on |= held.received;
                to.iter().for_each(|to| self.scopes.pass(held, *to));
            }
            Sent::New(name, ty) => self.scopes.bind_fresh(&[&[from], to].concat(), name, *ty),
        }
    }

    pub(super) fn may_pass(&self, held: &Held, to: &[usize]) -> bool {
        let is_known = to.iter().any(|role| self.scopes.find(*role, &held.name).is_some());
        self.within.may_pass(held, is_known)
    }

    /// Payload fields of a message and what they bind.
    pub(super) fn fields(&mut self, from: usize, to: &[usize], count: usize) -> (Vec<String>, Vec<Sent>) {
        let (mut texts, mut bound) = (Vec::new(), Vec::new());
        let mut passed: Vec<String> = Vec::new();
        for _ in 0..count {
            let candidates: Vec<Held> = self
                .scopes
                .held(from)
                .iter()
                .filter(|held| held.storage == Storage::Binding && !passed.contains(&held.name))
                .filter(|held| self.may_pass(held, to))
                .cloned()
                .collect();
            if !candidates.is_empty() && self.percent(55) {
                let received: Vec<Held> = candidates.iter().filter(|held| held.received).cloned().collect();
                let pool = if received.is_empty() || self.percent(40) { candidates } else { received };
                let held = self.numbers().pick(&pool).clone();
                texts.push(held.name.clone());
                passed.push(held.name.clone());
                bound.push(Sent::Passed(held));
                continue;
            }
            let name = self.fresh_name();
            let ty = self.ty_among(&[Ty::Int, Ty::Int, Ty::Int, Ty::Bool, Ty::Shape, Ty::Maybe]);
            if self.percent(20) {
                texts.push(format!("{name} : {}", ty.text()));
            } else {
                let value = self.expr(from, ty);
                texts.push(format!("{name} : {} = {}", ty.text(), value.text));
            }
            bound.push(Sent::New(name, ty));
        }
        (texts, bound)
    }
}

/// What a field binds.
pub(super) enum Sent {
    Passed(Held),
    New(String, Ty),
}
