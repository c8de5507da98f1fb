//! The code of one role: a basic block per state, in depth-first order.
//!
//! A slot of a state lives in a register; when a state is first reached its slots get the registers their values
//! are already in, later steps to it move values there.

use super::frame::Frame;
use super::jumps;
use super::parts::{Parts, from};
use super::tables::Tables;
use crate::graph::{Action, ExprRef, GVar, NodeKind};
use crate::project::machine::{Env, Finals, Kind, Machine, Site, StateId, Step, Value, Values};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_ir::image::{self, Block, Const, Final, Param};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::StateId as LocalState;
use tell_ir::ty::{Type, TypeId};
use tell_language::span::Span;

/// A role's code with its parameters and where it comes from.
pub(super) struct Emitted {
    pub(super) function: image::Function,
    pub(super) params: Vec<Param>,
    pub(super) spans: Vec<(u32, u32, u32)>,
}

/// A jump target before its place is known; the instructions hold its number until the end.
pub(super) type Label = u32;

/// The function being written.
pub(super) struct Function<'t, 'a> {
    pub(super) tables: &'t mut Tables<'a>,
    pub(super) frame: Frame,
    pub(super) machine: &'t Machine,
    pub(super) out: image::Function,
    spans: Vec<(u32, u32, u32)>,
    /// Where each label is.
    places: Vec<Option<u32>>,
    /// The label of each state.
    pub(super) labels: Vec<Label>,
    /// The register of each slot of each state that was reached.
    pub(super) slots: Vec<Option<Vec<Reg>>>,
    /// States that were reached and wait to be written.
    pub(super) todo: Vec<StateId>,
    /// Whether each state is entered by the role's own choice: its sends are offers.
    pub(super) chosen: Vec<bool>,
    /// The state whose code is being written, as the verifier sees it.
    pub(super) state: LocalState,
    /// The state of the machine whose code is being written, if it does not communicate.
    silent: Option<StateId>,
    /// Where the parts of `Par`s and scopes keep their values.
    pub(super) parts: Parts,
}

/// Writes the code of a role.
pub(super) fn emit(tables: &mut Tables<'_>, machine: &Machine) -> Emitted {
    let count = machine.states.len();
    let mut function = Function {
        tables,
        frame: Frame::default(),
        machine,
        out: image::Function::default(),
        spans: Vec::new(),
        places: vec![None; count],
        labels: (0..).take(count).collect(),
        slots: vec![None; count],
        todo: Vec::new(),
        chosen: chosen_states(machine),
        state: LocalState(0),
        silent: None,
        parts: Parts::new(machine),
    };
    let params = function.start();
    while let Some(state) = function.todo.pop() {
        let mut next = Some(state);
        while let Some(state) = next {
            next = function.state(state);
        }
    }
    function.out.regs = std::mem::take(&mut function.frame.regs);
    function.patch();
    let Function { mut out, mut spans, .. } = function;
    jumps::shorten(&mut out, &mut spans);
    Emitted { function: out, params, spans }
}

fn chosen_states(machine: &Machine) -> Vec<bool> {
    let mut chosen = vec![false; machine.states.len()];
    let decisions = machine.states.iter().filter(|state| matches!(state.kind, Kind::Decide { .. }));
    decisions.flat_map(|state| state.kind.steps()).for_each(|step| chosen[step.target.0 as usize] = true);
    chosen
}

impl Function<'_, '_> {
    /// Puts parameters and initial numbers into the registers of the start state.
    fn start(&mut self) -> Vec<Param> {
        let graph = self.tables.graph;
        let own = graph.params_of(self.machine.role);
        let mut params = Vec::new();
        for (_, name, var) in own {
            let ty = self.tables.ty(graph.vars[var.0 as usize].ty);
            let reg = self.frame.take(ty);
            params.push(Param { name: self.tables.program.text(*name).to_owned(), ty, reg });
        }
        self.begin_block();
        let slots: Vec<Reg> = params.iter().map(|param| param.reg).collect();
        let values = self.machine.start.iter().map(|value| match value {
            Value::Param(var) => {
                let slot = own.iter().position(|(_, _, own)| *own == var).expect("a parameter of this role");
                Value::Slot(u32::try_from(slot).expect("few parameters"))
            }
            other => other,
        });
        let values: Values = values.collect();
        if values.is_identity() {
            self.slots[0] = Some(slots[..values.len()].to_vec());
            self.todo.push(StateId(0));
            return params;
        }
        let next = self.go(&Step { target: StateId(0), values }, &slots, &[]);
        self.todo.extend(next);
        params
    }

    pub(super) fn push(&mut self, instr: Instr) {
        self.out.code.push(instr);
    }

    pub(super) fn push_move(&mut self, dst: Reg, src: Reg) {
        if dst != src {
            self.push(Instr::Move { dst, src });
        }
    }

    fn pc(&self) -> u32 {
        u32::try_from(self.out.code.len()).expect("fewer than 2^32 instructions")
    }

    pub(super) fn new_label(&mut self) -> Label {
        self.places.push(None);
        u32::try_from(self.places.len() - 1).expect("fewer than 2^32 labels")
    }

    /// A block of the current state starts here.
    pub(super) fn begin_block(&mut self) {
        let block = Block { pc: self.pc(), state: self.state };
        if self.out.blocks.last() != Some(&block) {
            self.out.blocks.push(block);
        }
    }

    /// The label is here.
    pub(super) fn place(&mut self, label: Label) {
        self.places[label as usize] = Some(self.pc());
        self.begin_block();
    }

    pub(super) fn add_switch(&mut self, table: Vec<Label>) -> u32 {
        self.out.switches.push(table);
        u32::try_from(self.out.switches.len() - 1).expect("fewer tables than instructions")
    }

    /// Replaces labels by places.
    fn patch(&mut self) {
        let places = &self.places;
        let place = |target: &mut u32| *target = places[*target as usize].expect("every label that is used is placed");
        for instr in &mut self.out.code {
            if let Instr::Branch { target, .. } | Instr::Jump { target } | Instr::Spawn { target } = instr {
                place(target);
            }
        }
        self.out.switches.iter_mut().flatten().for_each(place);
        self.out.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
        self.out.scopes.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
    }

    /// Writes the code of a state; answers the state whose code should follow directly.
    fn state(&mut self, id: StateId) -> Option<StateId> {
        let machine = self.machine;
        let state = &machine.states[id.0 as usize];
        self.state = LocalState(id.0);
        self.silent = (!matches!(state.kind, Kind::Send { .. } | Kind::Recv { .. })).then_some(id);
        self.place(self.labels[id.0 as usize]);
        let slots = self.slots[id.0 as usize].clone().expect("a state is reached before it is written");
        self.enter_part(state.inside);
        self.frame.reset(slots.iter().copied());
        if let Some(node) = state.nodes.first() {
            let Span { start, end } = self.tables.graph.node(*node).span;
            self.spans.push((self.pc(), start, end));
        }
        match &state.kind {
            Kind::End { finals } => {
                let finals = self.finals(finals, &slots);
                match state.inside {
                    // In a part that never ends it waits for what takes it out.
                    Some(_) => return self.receive(&[], Some(finals), &slots),
                    None => self.push(Instr::Halt { finals }),
                }
                None
            }
            Kind::Local { site, step, cell } => self.local(site, step, *cell, &slots),
            Kind::Decide { site, steps } => self.decide(site, steps, &slots),
            Kind::Case { site, steps } => self.case(site, steps, &slots),
            Kind::Par { branches, then, joined } => self.par(id, (branches, then, joined), &slots),
            Kind::Scope(scope) => self.scope(id, scope, &slots),
            Kind::Join { carried } => self.join(state.inside.expect("a join lies in a part"), carried, &slots),
            Kind::Mixed { .. } => panic!("bug: a rejected choreography is not emitted"),
            Kind::Send { sends } => self.send_one_of(id, sends, &slots),
            Kind::Recv { rows, finals } => {
                let finals = finals.as_ref().map(|finals| self.finals(finals, &slots));
                self.receive(rows, finals, &slots)
            }
        }
    }

    /// The table of the names in scope at the end.
    pub(super) fn finals(&mut self, finals: &Finals, slots: &[Reg]) -> u32 {
        let table = finals
            .iter()
            .map(|(name, slot)| Final { name: self.tables.program.text(*name).to_owned(), reg: slots[*slot as usize] })
            .collect();
        self.out.finals.push(table);
        u32::try_from(self.out.finals.len() - 1).expect("fewer tables than instructions")
    }

    /// Moves values to where the target state expects them and goes there. Answers the target if its code is to be
    /// written here; it is if it was not written or promised before.
    pub(super) fn go(&mut self, step: &Step, slots: &[Reg], bound: &[Reg]) -> Option<StateId> {
        self.go_from(step, &|value| from(value, slots, bound, &[]))
    }

    /// The same, where `source` says where a value is; `None` for a number. Registers are those of the part the target
    /// lies in.
    pub(super) fn go_from(&mut self, step: &Step, source: &dyn Fn(Value) -> Option<Reg>) -> Option<StateId> {
        let target = step.target.0 as usize;
        let is_new = self.slots[target].is_none();
        if is_new {
            let registers = self.assign(step, source);
            self.slots[target] = Some(registers);
        }
        let registers = self.slots[target].clone().expect("assigned above");
        let moves: Vec<(Reg, Reg)> =
            registers.iter().zip(step.values.iter()).filter_map(|(dst, value)| Some((*dst, source(value)?))).collect();
        self.parallel_move(&moves);
        for (dst, value) in registers.iter().zip(step.values.iter()) {
            if let Value::Int(value) = value {
                let value = self.tables.constant(Const::Int(value));
                self.push(Instr::Set { dst: *dst, value });
            }
        }
        // Every loop has a step to a state with no higher number: one of silent steps does not hold up the others.
        if self.silent.is_some_and(|from| step.target <= from) {
            self.push(Instr::Yield);
        }
        let is_open = self.out.blocks.last().is_some_and(|block| block.pc < self.pc());
        if is_new && is_open && self.places[target].is_none() {
            return Some(step.target);
        }
        self.push(Instr::Jump { target: self.labels[target] });
        if is_new {
            self.todo.push(step.target);
        }
        None
    }

    /// Registers for the slots of a state reached for the first time: where the value is already, if nobody else wants
    /// it there.
    fn assign(&mut self, step: &Step, source: &dyn Fn(Value) -> Option<Reg>) -> Vec<Reg> {
        let integer = self.tables.structure(Type::Int);
        if step.values.is_empty() {
            return Vec::new();
        }
        let mut taken = vec![false; self.frame.regs.len()];
        let mut wanted: Vec<Result<Reg, TypeId>> = Vec::with_capacity(step.values.len());
        for value in step.values.iter() {
            wanted.push(match source(value) {
                Some(reg) if self.frame.is_own(reg) && !std::mem::replace(&mut taken[reg as usize], true) => Ok(reg),
                Some(reg) => Err(self.frame.regs[reg as usize]),
                None => Err(integer),
            });
        }
        wanted.into_iter().map(|reg| reg.unwrap_or_else(|ty| self.frame.take(ty))).collect()
    }

    /// Moves that happen at once: destinations are distinct, sources may repeat.
    fn parallel_move(&mut self, moves: &[(Reg, Reg)]) {
        if moves.iter().all(|(dst, src)| dst == src) {
            return;
        }
        let taking_part: FxHashSet<Reg> = moves.iter().flat_map(|(dst, src)| [*dst, *src]).collect();
        let mut pending: IndexMap<Reg, Reg, FxBuildHasher> =
            moves.iter().copied().filter(|(dst, src)| dst != src).collect();
        let mut readers: FxHashMap<Reg, usize> = FxHashMap::default();
        pending.values().for_each(|src| *readers.entry(*src).or_default() += 1);
        let mut free: Vec<Reg> = pending.keys().copied().filter(|dst| !readers.contains_key(dst)).collect();
        loop {
            while let Some(dst) = free.pop() {
                let src = pending.swap_remove(&dst).expect("a free destination is pending");
                self.push_move(dst, src);
                let left = readers.get_mut(&src).expect("a source is read");
                *left -= 1;
                if *left == 0 && pending.contains_key(&src) {
                    free.push(src);
                }
            }
            // Only cycles are left: free one register by way of another that takes no part.
            let Some((_, src)) = pending.first().map(|(dst, src)| (*dst, *src)) else { return };
            let spare = self.spare(self.frame.regs[src as usize], &taking_part);
            self.push_move(spare, src);
            let moved: Vec<Reg> = pending.iter().filter(|(_, other)| **other == src).map(|(dst, _)| *dst).collect();
            moved.iter().for_each(|dst| pending[dst] = spare);
            readers.insert(spare, moved.len());
            readers.insert(src, 0);
            free.push(src);
        }
    }

    /// A register that holds nothing and is not among `taking_part`, some of which may be written already.
    fn spare(&mut self, ty: TypeId, taking_part: &FxHashSet<Reg>) -> Reg {
        let mut held = Vec::new();
        loop {
            let reg = self.frame.take(ty);
            held.push(reg);
            if !taking_part.contains(&reg) {
                held.into_iter().for_each(|reg| self.frame.free(reg));
                return reg;
            }
        }
    }

    fn local(&mut self, site: &Site, step: &Step, cell: Option<GVar>, slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Local { action, .. } = &graph.node(site.node).kind else {
            panic!("bug: a local action was offered")
        };
        match action {
            Action::Let { value, .. } => {
                let value = self.eval(*value, &site.env, slots, None);
                self.keep(cell, value.reg);
                self.go(step, slots, &[value.reg])
            }
            Action::Assert { cond, text } => {
                let text = text.map_or("assertion failed", |text| self.tables.program.text(text)).to_owned();
                let cond = self.eval(*cond, &site.env, slots, None);
                self.fail_unless(cond, text);
                self.go(step, slots, &[])
            }
            Action::Perform { op, args, .. } => {
                let dst = self.perform(*op, args, &site.env, slots);
                self.keep(cell, dst);
                self.go(step, slots, &[dst])
            }
        }
    }

    /// A cell that a scope has to keep has this value now.
    fn keep(&mut self, cell: Option<GVar>, value: Reg) {
        if let Some(cell) = cell {
            let cell = self.cell(cell);
            self.push_move(cell, value);
        }
    }

    /// Performs an operation of the graph; answers the register of its result.
    pub(super) fn perform(&mut self, op: u32, args: &[ExprRef], env: &Env, slots: &[Reg]) -> Reg {
        let result = self.tables.ty(self.tables.graph.ops[op as usize].result);
        let op = self.tables.op(op);
        let args = self.arguments(args, env, slots);
        let dst = self.frame.take(result);
        self.push(Instr::Perform { op, args, dst });
        dst
    }

    /// Evaluates into consecutive registers; answers the first.
    pub(super) fn arguments(&mut self, args: &[ExprRef], env: &Env, slots: &[Reg]) -> Reg {
        let graph = self.tables.graph;
        let types: Vec<_> = args
            .iter()
            .map(|arg| {
                let protocol = graph.instances[arg.instance as usize].protocol;
                let body =
                    self.tables.program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered");
                self.tables.ty(body.exprs[arg.expr.index()].ty)
            })
            .collect();
        if types.is_empty() {
            return 0;
        }
        let first = self.frame.take_row(&types);
        for (reg, arg) in (first..).zip(args) {
            self.eval(*arg, env, slots, Some(reg));
        }
        first
    }

    /// Instead of writing a state here, jumps to it and writes it later.
    pub(super) fn jump_later(&mut self, target: Option<StateId>) {
        if let Some(target) = target {
            self.push(Instr::Jump { target: self.labels[target.0 as usize] });
            self.todo.push(target);
        }
    }
}
