//! Code of `Par`s and scopes: their entries, their parts, and the ends of those.
//!
//! A branch of a `Par` runs beside the others in the frame of its role, in a region of its own ([`super::frame`]). A scope
//! can be left anywhere in its body, so what the role holds at the entry and needs later stays where it is until then, and
//! a cell that the body sets has a register that always holds its latest value. What a part carries over its join goes to
//! registers that nothing else uses meanwhile.

use super::frame::Owner;
use super::function::Function;
use crate::graph::{GVar, NodeKind};
use crate::project::machine::{Inside, Kind, Machine, Scope, Slot, StateId, Step, Value};
use rustc_hash::FxHashMap;
use tell_ir::image::{Const, Outcome, ScopeRow, ScopeTable};
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::machine::StateId as LocalState;
use tell_ir::ty::{Type, TypeId};

/// Where the parts of a role's machine keep their values.
#[derive(Default)]
pub(super) struct Parts {
    /// Each part that was entered.
    contexts: FxHashMap<Inside, Context>,
    /// Regions of the branches of a `Par` in a region.
    regions: FxHashMap<(u32, u32), u32>,
    /// The register of each cell.
    cells: FxHashMap<GVar, Reg>,
    /// Where what is carried over the joins of a `Par` goes, or out of the body of a scope.
    carried: FxHashMap<StateId, Vec<Reg>>,
    /// The table of each scope.
    tables: FxHashMap<StateId, u32>,
    /// For each scope without a block of `done`, the state that stands for it.
    done: Vec<(StateId, LocalState)>,
}

/// What code in a part has to know.
#[derive(Clone, Default)]
struct Context {
    region: u32,
    /// Registers it must not write.
    held: Vec<Reg>,
}

impl Parts {
    pub(super) fn new(machine: &Machine) -> Self {
        Self { done: done_states(machine), ..Self::default() }
    }
}

/// An image has a block for `done` in every scope: for those without one, a state that is nothing but its end. They come
/// behind the states of the machine.
pub(super) fn done_states(machine: &Machine) -> Vec<(StateId, LocalState)> {
    let states = (0..).map(StateId).zip(&machine.states);
    let bare = states
        .filter(|(_, state)| matches!(&state.kind, Kind::Scope(scope) if block_of(scope, Outcome::Done).is_none()));
    let first = u32::try_from(machine.states.len()).expect("the state limit is below 2^32");
    bare.zip(first..).map(|((state, _), number)| (state, LocalState(number))).collect()
}

/// The state that stands for the block of `done` of a scope.
pub(super) fn done_state(done: &[(StateId, LocalState)], scope: StateId) -> LocalState {
    let at = done.binary_search_by_key(&scope, |(state, _)| *state).expect("the scope has no block of `done`");
    done[at].1
}

/// The outcomes of a scope in the order of the image, each with its block.
pub(super) fn outcomes(scope: &Scope) -> Vec<(Outcome, Option<usize>)> {
    let all = Outcome::ALL.iter().map(|(_, outcome)| (*outcome, block_of(scope, *outcome)));
    all.filter(|(outcome, block)| *outcome == Outcome::Done || block.is_some()).collect()
}

fn block_of(scope: &Scope, outcome: Outcome) -> Option<usize> {
    scope.outcomes.iter().position(|(name, _)| name == outcome.text())
}

impl Function<'_, '_> {
    /// The code that follows lies in that part.
    pub(super) fn enter_part(&mut self, inside: Option<Inside>) {
        let Context { region, held } = self.context(inside);
        self.frame.enter(region, &held);
    }

    fn context(&self, inside: Option<Inside>) -> Context {
        inside.map_or_else(Context::default, |inside| self.parts.contexts[&inside].clone())
    }

    fn types_of(&mut self, vars: &[GVar]) -> Vec<TypeId> {
        let graph = self.tables.graph;
        vars.iter().map(|var| self.tables.ty(graph.vars[var.0 as usize].ty)).collect()
    }

    /// The register of a cell.
    pub(super) fn cell(&mut self, var: GVar) -> Reg {
        if let Some(reg) = self.parts.cells.get(&var) {
            return *reg;
        }
        let ty = self.types_of(&[var])[0];
        let reg = self.frame.add(ty, Owner::Cell);
        self.parts.cells.insert(var, reg);
        reg
    }

    /// Where what is carried goes; `region` is that of the state that has the parts.
    fn carry(&mut self, id: StateId, vars: &[GVar], region: u32) -> Vec<Reg> {
        let types = self.types_of(vars);
        let regs = self.frame.shared(&types, Owner::Carried(region));
        self.parts.carried.insert(id, regs.clone());
        regs
    }

    /// What follows a `Par` or scope begins here, with a block of its own.
    fn begin_behind(&mut self, then: &Step) {
        self.state = LocalState(then.target.0);
        self.begin_block();
    }

    /// The way into a part: a block of its own that `label` is at.
    fn begin_part(
        &mut self,
        (inside, label): (Inside, u32),
        step: &Step,
        slots: &[Reg],
        bound: &[Reg],
        source: &dyn Fn(Value) -> Option<Reg>,
    ) {
        self.enter_part(Some(inside));
        self.state = LocalState(step.target.0);
        self.place(label);
        self.frame.reset(slots.iter().chain(bound).copied());
        let next = self.go_from(step, source);
        self.jump_later(next);
    }

    pub(super) fn par(
        &mut self,
        id: StateId,
        (branches, then, joined): (&[Step], &Step, &[GVar]),
        slots: &[Reg],
    ) -> Option<StateId> {
        let around = self.machine.states[id.0 as usize].inside;
        let Context { region, .. } = self.context(around);
        let carried = self.carry(id, joined, region);
        let labels: Vec<u32> = branches.iter().map(|_| self.new_label()).collect();
        labels.iter().for_each(|label| self.push(Instr::Spawn { target: *label }));
        self.push(Instr::JoinAll);
        self.begin_behind(then);
        let next = self.go_from(then, &|value| from(value, slots, &[], &carried));
        self.jump_later(next);
        for ((part, branch), label) in (0..).zip(branches).zip(labels) {
            let count = u32::try_from(self.parts.regions.len()).expect("fewer regions than states");
            let own = *self.parts.regions.entry((region, part)).or_insert(count + 1);
            let inside = Inside { of: id, part };
            self.parts.contexts.insert(inside, Context { region: own, held: Vec::new() });
            self.begin_part((inside, label), branch, slots, &[], &|value| from(value, slots, &[], &[]));
        }
        None
    }

    pub(super) fn scope(&mut self, id: StateId, scope: &Scope, slots: &[Reg]) -> Option<StateId> {
        let context = self.context(self.machine.states[id.0 as usize].inside);
        let is_leading_on = block_of(scope, Outcome::Done).is_none();
        let carried = self.carry(id, if is_leading_on { &scope.joined } else { &scope.done }, context.region);
        let then = held_by([&scope.then], slots, &context.held);
        let steps = scope.outcomes.iter().map(|(_, step)| step);
        let body = held_by(steps.chain([&scope.then]), slots, &context.held);
        for part in (0..).take(scope.outcomes.len() + 1) {
            let held = if part == 0 { body.clone() } else { then.clone() };
            self.parts.contexts.insert(Inside { of: id, part }, Context { region: context.region, held });
        }
        let rows = self.enter_scope(id, scope, slots);
        let cells: Vec<Reg> = scope.cells.iter().map(|(var, _)| self.cell(*var)).collect();
        for (row, (_, block)) in rows.iter().zip(outcomes(scope)) {
            let Some(block) = block else {
                self.done(id, scope, (row.target, &carried), slots);
                continue;
            };
            let inside = Inside { of: id, part: u32::try_from(block + 1).expect("few outcomes") };
            let bound: Vec<Reg> = row.bind.into_iter().collect();
            let source = |value| match value {
                Value::Cell(index) => Some(cells[index as usize]),
                _ => from(value, slots, &bound, &carried),
            };
            self.begin_part((inside, row.target), &scope.outcomes[block].1, slots, &bound, &source);
        }
        None
    }

    /// The entry of a scope and the way into its body; the rows of its table, whose targets are not placed yet.
    fn enter_scope(&mut self, id: StateId, scope: &Scope, slots: &[Reg]) -> Vec<ScopeRow> {
        let graph = self.tables.graph;
        let NodeKind::Timed { deadline, .. } = &graph.node(scope.site.node).kind else {
            panic!("bug: a scope was entered")
        };
        let keeps_time = scope.owner == self.machine.role && block_of(scope, Outcome::Timeout).is_some();
        let deadline = keeps_time.then(|| match deadline {
            Some(deadline) => self.eval(*deadline, &scope.site.env, slots, None).reg,
            // Pure types do not say: after everything else.
            None => self.constant(Const::Duration(i64::MAX)),
        });
        for (var, slot) in &scope.cells {
            let cell = self.cell(*var);
            self.push_move(cell, slots[*slot as usize]);
        }
        let string = self.tables.structure(Type::String);
        let mut rows = Vec::new();
        for (outcome, block) in outcomes(scope) {
            let binds = outcome == Outcome::Fail
                && block
                    .is_some_and(|block| scope.outcomes[block].1.values.iter().any(|value| value == Value::Bound(0)));
            let bind = binds.then(|| self.frame.take(string));
            rows.push(ScopeRow { outcome, bind, target: self.new_label() });
        }
        let number = self.tables.scope(self.machine.role, scope);
        let table = u32::try_from(self.out.scopes.len()).expect("fewer tables than instructions");
        self.out.scopes.push(ScopeTable { scope: number, deadline, rows: rows.clone() });
        self.parts.tables.insert(id, table);
        self.push(Instr::Enter { scope: table });
        self.enter_part(Some(Inside { of: id, part: 0 }));
        self.frame.reset(slots.iter().copied());
        let next = self.go(&scope.body, slots, &[]);
        self.jump_later(next);
        rows
    }

    /// The block of `done` of a scope that has none.
    fn done(&mut self, id: StateId, scope: &Scope, (label, carried): (u32, &[Reg]), slots: &[Reg]) {
        self.enter_part(self.machine.states[id.0 as usize].inside);
        self.state = done_state(&self.parts.done, id);
        self.place(label);
        let body = Inside { of: id, part: 0 };
        let ends = |state: &crate::project::machine::State| {
            state.inside == Some(body) && matches!(state.kind, Kind::Join { .. })
        };
        if !self.machine.states.iter().any(ends) {
            let text = self.tables.constant(Const::Str("a body without an end was done".into()));
            return self.push(Instr::Fail { fault: FailKind::Unreachable, text });
        }
        self.frame.reset(slots.iter().chain(carried).copied());
        self.push(Instr::Leave { scope: self.parts.tables[&id] });
        self.begin_behind(&scope.then);
        let next = self.go_from(&scope.then, &|value| from(value, slots, &[], carried));
        self.jump_later(next);
    }

    /// The end of a part.
    pub(super) fn join(&mut self, inside: Inside, carried: &[(u32, Slot)], slots: &[Reg]) -> Option<StateId> {
        let machine = self.machine;
        let state = &machine.states[inside.of.0 as usize];
        if let (Kind::Scope(scope), 1..) = (&state.kind, inside.part) {
            self.push(Instr::Leave { scope: self.parts.tables[&inside.of] });
            self.begin_behind(&scope.then);
            let before = self.slots[inside.of.0 as usize].clone().expect("a scope is entered before it is left");
            self.enter_part(state.inside);
            self.frame.reset(slots.iter().chain(&before).copied());
            let brought = |number: u32| carried.iter().find(|(other, _)| *other == number);
            return self.go_from(&scope.then, &|value| match value {
                Value::Carried(number) => brought(number).map(|(_, slot)| slots[*slot as usize]),
                _ => from(value, &before, &[], &[]),
            });
        }
        let places = self.parts.carried[&inside.of].clone();
        for (number, slot) in carried {
            self.push_move(places[*number as usize], slots[*slot as usize]);
        }
        self.push(match state.kind {
            Kind::Scope(_) => Instr::Exit { scope: self.parts.tables[&inside.of] },
            _ => Instr::Finish,
        });
        None
    }
}

/// Where a value is; `None` if it is a number.
pub(super) fn from(value: Value, slots: &[Reg], bound: &[Reg], carried: &[Reg]) -> Option<Reg> {
    match value {
        Value::Slot(slot) => Some(slots[slot as usize]),
        Value::Bound(index) => Some(bound[index as usize]),
        Value::Carried(number) => Some(carried[number as usize]),
        Value::Int(_) => None,
        Value::Param(_) => panic!("bug: parameters are slots before the start state"),
        Value::Cell(_) => panic!("bug: only a scope has cells"),
    }
}

/// The registers of the slots that these steps read, and those that are held anyway.
fn held_by<'s>(steps: impl IntoIterator<Item = &'s Step>, slots: &[Reg], held: &[Reg]) -> Vec<Reg> {
    let mut all = held.to_vec();
    for value in steps.into_iter().flat_map(|step| step.values.iter()) {
        if let Value::Slot(slot) = value {
            all.push(slots[slot as usize]);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
