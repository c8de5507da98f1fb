//! The code of one role: a basic block per state, in depth-first order.
//!
//! A slot of a state lives in a register; when a state is first reached its slots get the registers their values
//! are already in, later steps to it move values there.

use super::frame::Frame;
use super::tables::Tables;
use crate::graph::{Action, CaseOn, ExprRef, GVar, NodeKind};
use crate::hir::Pattern;
use crate::project::machine::{Env, Finals, Kind, Machine, Site, StateId, Step, Value};
use rustc_hash::FxHashSet;
use tell_ir::image::{self, Block, ChooseRow, ChooseTable, Const, Final, Param, Shape};
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::machine::StateId as LocalState;
use tell_ir::prim::Prim;
use tell_ir::ty::{Type, TypeId};
use tell_language::span::Span;

/// A role's code with its parameters and where it comes from.
pub(super) struct Emitted {
    pub(super) function: image::Function,
    pub(super) params: Vec<Param>,
    pub(super) spans: Vec<(u32, u32, u32)>,
}

/// A jump target before its place is known; the instructions hold its number until the end.
type Label = u32;

/// The function being written.
pub(super) struct Function<'t, 'a> {
    pub(super) tables: &'t mut Tables<'a>,
    pub(super) frame: Frame,
    machine: &'t Machine,
    out: image::Function,
    spans: Vec<(u32, u32, u32)>,
    /// Where each label is.
    places: Vec<Option<u32>>,
    /// The label of each state.
    labels: Vec<Label>,
    /// The register of each slot of each state that was reached.
    slots: Vec<Option<Vec<Reg>>>,
    /// States that were reached and wait to be written.
    todo: Vec<StateId>,
    /// States entered by the role's own choice: their sends are offers.
    chosen: FxHashSet<StateId>,
    /// The state whose code is being written, as the verifier sees it.
    state: LocalState,
    /// Whether that state does not communicate.
    is_silent: bool,
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
        is_silent: true,
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
    Emitted { function: function.out, params, spans: function.spans }
}

fn chosen_states(machine: &Machine) -> FxHashSet<StateId> {
    let decisions = machine.states.iter().filter(|state| matches!(state.kind, Kind::Decide { .. }));
    decisions.flat_map(|state| state.kind.steps()).map(|step| step.target).collect()
}

impl Function<'_, '_> {
    /// Puts parameters and initial numbers into the registers of the start state.
    fn start(&mut self) -> Vec<Param> {
        let graph = self.tables.graph;
        let own: Vec<(tell_language::symbol::Symbol, GVar)> =
            graph.params.iter().filter(|(role, _, _)| *role == self.machine.role).map(|(_, name, var)| (*name, *var)).collect();
        let mut params = Vec::new();
        for (name, var) in &own {
            let ty = self.tables.ty(graph.vars[var.0 as usize].ty);
            let reg = self.frame.take(ty);
            params.push(Param { name: self.tables.program.text(*name).to_owned(), ty, reg });
        }
        self.begin_block();
        let slots: Vec<Reg> = params.iter().map(|param| param.reg).collect();
        let values = self.machine.start.iter().map(|value| match value {
            Value::Param(var) => {
                let slot = own.iter().position(|(_, own)| own == var).expect("a parameter of this role");
                Value::Slot(u32::try_from(slot).expect("few parameters"))
            }
            other => *other,
        });
        let values: Vec<Value> = values.collect();
        if values.iter().zip(0..).all(|(value, slot)| *value == Value::Slot(slot)) {
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
            if let Instr::Branch { target, .. } | Instr::Jump { target } = instr {
                place(target);
            }
        }
        self.out.switches.iter_mut().flatten().for_each(place);
        self.out.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
    }

    /// Writes the code of a state; answers the state whose code should follow directly.
    fn state(&mut self, id: StateId) -> Option<StateId> {
        let machine = self.machine;
        let state = &machine.states[id.0 as usize];
        self.state = LocalState(id.0);
        self.is_silent = !matches!(state.kind, Kind::Send { .. } | Kind::Recv { .. });
        self.place(self.labels[id.0 as usize]);
        let slots = self.slots[id.0 as usize].clone().expect("a state is reached before it is written");
        self.frame.reset(slots.iter().copied());
        if let Some(node) = state.nodes.first() {
            let Span { start, end } = self.tables.graph.node(*node).span;
            self.spans.push((self.pc(), start, end));
        }
        match &state.kind {
            Kind::End { finals } => {
                let finals = self.finals(finals, &slots);
                self.push(Instr::Halt { finals });
                None
            }
            Kind::Local { site, step } => self.local(site, step, &slots),
            Kind::Decide { site, steps } => self.decide(site, steps, &slots),
            Kind::Case { site, steps } => self.case(site, steps, &slots),
            Kind::Send { sends } => self.send_one_of(id, sends, &slots),
            Kind::Recv { rows, finals } => {
                let finals = finals.as_ref().map(|finals| self.finals(finals, &slots));
                self.receive(rows, finals, &slots)
            }
        }
    }

    /// The table of the names in scope at the end.
    fn finals(&mut self, finals: &Finals, slots: &[Reg]) -> u32 {
        let table = finals
            .iter()
            .map(|(name, slot)| Final { name: self.tables.program.text(*name).to_owned(), reg: slots[*slot as usize] })
            .collect();
        self.out.finals.push(table);
        u32::try_from(self.out.finals.len() - 1).expect("fewer tables than instructions")
    }

    /// Moves values to where the target state expects them and goes there. Answers the target if its code is to be
    /// written here; it is if it was not written or promised before.
    fn go(&mut self, step: &Step, slots: &[Reg], bound: &[Reg]) -> Option<StateId> {
        let target = step.target.0 as usize;
        let source = |value: &Value| match value {
            Value::Slot(slot) => Some(slots[*slot as usize]),
            Value::Bound(index) => Some(bound[*index as usize]),
            Value::Int(_) => None,
            Value::Param(_) => panic!("bug: parameters are slots before the start state"),
        };
        let is_new = self.slots[target].is_none();
        if is_new {
            let registers = self.assign(step, &source);
            self.slots[target] = Some(registers);
        }
        let registers = self.slots[target].clone().expect("assigned above");
        let moves: Vec<(Reg, Reg)> =
            registers.iter().zip(&step.values).filter_map(|(dst, value)| Some((*dst, source(value)?))).collect();
        self.parallel_move(moves);
        for (dst, value) in registers.iter().zip(&step.values) {
            if let Value::Int(value) = value {
                let value = self.tables.constant(Const::Int(*value));
                self.push(Instr::Set { dst: *dst, value });
            }
        }
        let is_open = self.out.blocks.last().is_some_and(|block| block.pc < self.pc());
        if is_new && is_open && self.places[target].is_none() {
            return Some(step.target);
        }
        if self.is_silent && self.places[target].is_some() {
            self.push(Instr::Yield);
        }
        self.push(Instr::Jump { target: self.labels[target] });
        if is_new {
            self.todo.push(step.target);
        }
        None
    }

    /// Registers for the slots of a state reached for the first time.
    fn assign(&mut self, step: &Step, source: &dyn Fn(&Value) -> Option<Reg>) -> Vec<Reg> {
        let mut taken: FxHashSet<Reg> = FxHashSet::default();
        let mut registers: Vec<Option<Reg>> = Vec::new();
        for value in &step.values {
            registers.push(source(value).filter(|reg| taken.insert(*reg)));
        }
        let types = self.machine.states[step.target.0 as usize].slots.clone();
        registers
            .into_iter()
            .zip(types)
            .map(|(reg, ty)| {
                reg.unwrap_or_else(|| {
                    let ty = self.tables.ty(ty);
                    self.frame.take(ty)
                })
            })
            .collect()
    }

    /// Moves that happen at once: destinations are distinct, sources may repeat.
    fn parallel_move(&mut self, mut moves: Vec<(Reg, Reg)>) {
        moves.retain(|(dst, src)| dst != src);
        while !moves.is_empty() {
            let free = moves.iter().position(|(dst, _)| !moves.iter().any(|(_, src)| src == dst));
            match free {
                Some(index) => {
                    let (dst, src) = moves.swap_remove(index);
                    self.push_move(dst, src);
                }
                None => {
                    // Only cycles are left: free the first source by way of a register that holds nothing.
                    let src = moves[0].1;
                    let ty = self.frame.regs[src as usize];
                    let spare = self.spare(ty, &moves);
                    self.push_move(spare, src);
                    moves.iter_mut().filter(|(_, other)| *other == src).for_each(|(_, other)| *other = spare);
                }
            }
        }
    }

    fn spare(&mut self, ty: TypeId, moves: &[(Reg, Reg)]) -> Reg {
        let mut held = Vec::new();
        loop {
            let reg = self.frame.take(ty);
            if !moves.iter().any(|(dst, src)| *dst == reg || *src == reg) {
                self.frame.free(reg);
                held.into_iter().for_each(|reg| self.frame.free(reg));
                return reg;
            }
            held.push(reg);
        }
    }

    fn local(&mut self, site: &Site, step: &Step, slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Local { action, .. } = &graph.node(site.node).kind else { panic!("bug: a local action was offered") };
        match action {
            Action::Let { value, .. } => {
                let value = self.eval(*value, &site.env, slots, None);
                self.go(step, slots, &[value.reg])
            }
            Action::Assert { cond, text } => {
                let text = text.map_or("assertion failed", |text| self.tables.program.text(text)).to_owned();
                let cond = self.eval(*cond, &site.env, slots, None);
                let boolean = self.frame.regs[cond.reg as usize];
                let not = self.frame.take(boolean);
                self.push(Instr::Prim { op: Prim::Not, dst: not, a: cond.reg, b: cond.reg });
                let holds = self.new_label();
                self.push(Instr::Branch { val: not, target: holds });
                self.frame.free(not);
                self.release(cond);
                self.begin_block();
                let text = self.tables.constant(Const::Str(text));
                self.push(Instr::Fail { fault: FailKind::Assertion, text });
                self.place(holds);
                self.go(step, slots, &[])
            }
            Action::Perform { op, args, .. } => {
                let result = self.tables.ty(graph.ops[*op as usize].result);
                let op = self.tables.op(*op);
                let args = self.arguments(args, &site.env, slots);
                let dst = self.frame.take(result);
                self.push(Instr::Perform { op, args, dst });
                self.go(step, slots, &[dst])
            }
        }
    }

    /// Evaluates into consecutive registers; answers the first.
    fn arguments(&mut self, args: &[ExprRef], env: &Env, slots: &[Reg]) -> Reg {
        let graph = self.tables.graph;
        let types: Vec<_> = args
            .iter()
            .map(|arg| {
                let protocol = graph.instances[arg.instance as usize].protocol;
                let body = self.tables.program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered");
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

    /// Several ways on: each gets a block of its own, the last may be followed by its target.
    fn arms(&mut self, arms: Vec<(Label, &Step, Vec<Reg>)>, slots: &[Reg]) -> Option<StateId> {
        let busy: Vec<Reg> = slots.to_vec();
        let mut next = None;
        let count = arms.len();
        for (index, (label, step, bound)) in arms.into_iter().enumerate() {
            self.frame.reset(busy.iter().chain(&bound).copied());
            self.place(label);
            next = self.go(step, slots, &bound);
            if index + 1 < count {
                self.jump_later(next.take());
            }
        }
        next
    }

    fn decide(&mut self, site: &Site, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Choice { arms, .. } = &graph.node(site.node).kind else { panic!("bug: a choice was offered") };
        let labels: Vec<Label> = arms.iter().map(|_| self.new_label()).collect();
        for (arm, label) in arms.iter().zip(&labels) {
            let Some(guard) = arm.guard else { continue };
            let guard = self.eval(guard, &site.env, slots, None);
            let closed = self.new_label();
            self.push(Instr::Branch { val: guard.reg, target: closed });
            self.release(guard);
            self.begin_block();
            self.push(Instr::Jump { target: *label });
            self.place(closed);
        }
        let open: Vec<usize> = (0..arms.len()).filter(|index| arms[*index].guard.is_none()).collect();
        match open.as_slice() {
            [] => {
                let text = self.tables.constant(Const::Str("no branch of this choice is open".into()));
                self.push(Instr::Fail { fault: FailKind::NoOpenBranch, text });
            }
            [only] => self.push(Instr::Jump { target: labels[*only] }),
            several => {
                let name = |arm: &crate::graph::Arm| arm.name.map_or(String::new(), |name| self.tables.program.text(name).to_owned());
                let names: Vec<String> = several.iter().map(|index| name(&arms[*index])).collect();
                let targets: Vec<Label> = several.iter().map(|index| labels[*index]).collect();
                self.choose(&names, &targets);
            }
        }
        let arms = labels.into_iter().zip(steps).map(|(label, step)| (label, step, Vec::new())).collect();
        self.arms(arms, slots)
    }

    /// Lets the host choose among names and jumps to the target of the one chosen.
    fn choose(&mut self, names: &[String], targets: &[Label]) {
        let string = self.tables.structure(Type::String);
        let list = self.tables.structure(Type::List(string));
        let integer = self.tables.structure(Type::Int);
        let boolean = self.tables.structure(Type::Bool);
        let offered = self.name_list(names, string, list);
        let chosen = self.frame.take(integer);
        let op = self.tables.choose();
        self.push(Instr::Perform { op, args: offered, dst: chosen });
        let (last, others) = targets.split_last().expect("several branches are open");
        for (index, target) in (0..).zip(others) {
            let wanted = self.constant(Const::Int(index));
            let differs = self.frame.take(boolean);
            self.push(Instr::Prim { op: Prim::Ne, dst: differs, a: chosen, b: wanted });
            self.push(Instr::Branch { val: differs, target: *target });
            self.frame.free(wanted);
            self.frame.free(differs);
            self.begin_block();
        }
        self.push(Instr::Jump { target: *last });
    }

    /// A list of names, built in pieces so that a choice among thousands needs few registers.
    fn name_list(&mut self, names: &[String], string: TypeId, list: TypeId) -> Reg {
        const PIECE: usize = 64;
        let mut all: Option<Reg> = None;
        for piece in names.chunks(PIECE) {
            let row = self.frame.take_row(&vec![string; piece.len()]);
            for (dst, name) in (row..).zip(piece) {
                let value = self.tables.constant(Const::Str(name.clone()));
                self.push(Instr::Set { dst, value });
            }
            (row..).zip(piece).for_each(|(reg, _)| self.frame.free(reg));
            let dst = self.frame.take(list);
            let count = u16::try_from(piece.len()).expect("a piece is short");
            let shape = self.tables.shape(Shape::List(list, count));
            self.push(Instr::Make { dst, shape, args: row });
            match all {
                None => all = Some(dst),
                Some(all) => {
                    self.push(Instr::Prim { op: Prim::Concat, dst: all, a: all, b: dst });
                    self.frame.free(dst);
                }
            }
        }
        all.expect("a choice among names")
    }

    fn case(&mut self, site: &Site, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Case { on, arms, .. } = &graph.node(site.node).kind else { panic!("bug: a case was offered") };
        match on {
            CaseOn::Opaque => panic!("bug: nobody can evaluate an unnamed decision"),
            CaseOn::Counter(counter) => self.count(*counter, site, steps, slots),
            CaseOn::Expr(scrutinee) => {
                let value = self.eval(*scrutinee, &site.env, slots, None);
                if arms.iter().any(|arm| arm.pattern.is_none()) {
                    let (go, stop) = (self.new_label(), self.new_label());
                    self.push(Instr::Branch { val: value.reg, target: stop });
                    return self.arms(vec![(go, &steps[0], Vec::new()), (stop, &steps[1], Vec::new())], slots);
                }
                self.match_arms(value.reg, arms, steps, slots)
            }
        }
    }

    /// Tries the patterns in order; behind each match the step of its arm.
    fn match_arms(&mut self, value: Reg, arms: &[crate::graph::CaseArm], steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let program = self.tables.program;
        let patterns: Vec<&Pattern> = arms
            .iter()
            .map(|arm| {
                let at = arm.pattern.expect("an arm without pattern was handled");
                let protocol = graph.instances[at.instance as usize].protocol;
                let body = program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered");
                &body.patterns[at.pattern as usize]
            })
            .collect();
        let labels = self.switch_arms(value, &patterns);
        let mut next = None;
        for (index, (pattern, step)) in patterns.iter().zip(steps).enumerate() {
            let is_last = index + 1 == arms.len();
            self.frame.reset(slots.iter().copied().chain([value]));
            let mut fail = None;
            match &labels {
                Some(labels) => self.place(labels[index]),
                None if !is_last || self.needs_test(pattern) => fail = Some(self.new_label()),
                None => {}
            }
            let bound = self.match_pattern(value, pattern, fail);
            let bound: Vec<Reg> = bound.into_iter().map(|(_, reg)| reg).collect();
            next = self.go(step, slots, &bound);
            if !is_last || fail.is_some() {
                self.jump_later(next.take());
            }
            match fail {
                Some(fail) if is_last => self.unreachable(fail),
                Some(fail) => self.place(fail),
                None => {}
            }
        }
        next
    }

    /// Instead of writing a state here, jumps to it and writes it later.
    fn jump_later(&mut self, target: Option<StateId>) {
        if let Some(target) = target {
            self.push(Instr::Jump { target: self.labels[target.0 as usize] });
            self.todo.push(target);
        }
    }

    /// A counted loop: another round while the counter is above zero.
    fn count(&mut self, counter: GVar, site: &Site, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let at = site.env.binary_search_by_key(&counter, |(var, _)| *var).expect("a decider holds the counter");
        let counter = slots[site.env[at].1 as usize];
        let integer = self.frame.regs[counter as usize];
        let boolean = self.tables.structure(Type::Bool);
        let zero = self.constant(Const::Int(0));
        let more = self.frame.take(boolean);
        self.push(Instr::Prim { op: Prim::Gt, dst: more, a: counter, b: zero });
        let (go, stop) = (self.new_label(), self.new_label());
        self.push(Instr::Branch { val: more, target: stop });
        self.frame.free(more);
        self.frame.free(zero);
        self.place(go);
        let one = self.constant(Const::Int(1));
        let left = self.frame.take(integer);
        self.push(Instr::Prim { op: Prim::Sub, dst: left, a: counter, b: one });
        self.frame.free(one);
        let round = self.go(&steps[0], slots, &[left]);
        self.jump_later(round);
        self.arms(vec![(stop, &steps[1], Vec::new())], slots)
    }

    fn send_one_of(&mut self, id: StateId, sends: &[(Site, Step)], slots: &[Reg]) -> Option<StateId> {
        if let [(site, step)] = sends {
            let is_offer = self.chosen.contains(&id);
            return self.send(site, step, slots, is_offer);
        }
        let labels: Vec<Label> = sends.iter().map(|_| self.new_label()).collect();
        let graph = self.tables.graph;
        let names: Vec<String> = sends
            .iter()
            .map(|(site, _)| match &graph.node(site.node).kind {
                NodeKind::Comm { branches, .. } => graph.labels[branches[site.branch].label as usize].name.clone(),
                _ => panic!("bug: a send is a message"),
            })
            .collect();
        self.choose(&names, &labels);
        for (label, (site, step)) in labels.into_iter().zip(sends) {
            self.state = LocalState(id.0);
            self.frame.reset(slots.iter().copied());
            self.place(label);
            let next = self.send(site, step, slots, true);
            self.jump_later(next);
        }
        None
    }

    fn send(&mut self, site: &Site, step: &Step, slots: &[Reg], is_offer: bool) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Comm { to, branches, .. } = &graph.node(site.node).kind else { panic!("bug: a send is a message") };
        let branch = &branches[site.branch];
        let label_info = &graph.labels[branch.label as usize];
        let label = self.tables.label(branch.label);
        let types: Vec<_> = label_info.fields.iter().map(|ty| self.tables.ty(*ty)).collect();
        let mut bound: Vec<Reg> = Vec::new();
        if types.len() == 1 {
            let field = &branch.fields[0];
            bound.push(match field.source {
                Some(source) => self.eval(source, &site.env, slots, None).reg,
                None => self.supply(field.name, &label_info.name, types[0], None),
            });
        } else if !types.is_empty() {
            let row = self.frame.take_row(&types);
            for ((reg, field), ty) in (row..).zip(&branch.fields).zip(&types) {
                match field.source {
                    Some(source) => {
                        self.eval(source, &site.env, slots, Some(reg));
                    }
                    None => {
                        self.supply(field.name, &label_info.name, *ty, Some(reg));
                    }
                }
                bound.push(reg);
            }
        }
        let val = match bound.as_slice() {
            [] => self.constant(Const::Unit),
            [only] => *only,
            [first, ..] => {
                let ty = self.tables.payload(label);
                let shape = self.tables.shape(Shape::Product(ty));
                let dst = self.frame.take(ty);
                self.push(Instr::Make { dst, shape, args: *first });
                dst
            }
        };
        let to = super::index(*to);
        self.push(if is_offer { Instr::Offer { to, label, val } } else { Instr::Send { to, label, val } });
        // From here on the code belongs to the next state.
        self.go(step, slots, &bound)
    }

    /// Asks the host for a field; by its name, or the label's if it has none.
    fn supply(&mut self, name: Option<tell_language::symbol::Symbol>, label: &str, ty: TypeId, dst: Option<Reg>) -> Reg {
        let text = name.map_or(label, |name| self.tables.program.text(name)).to_owned();
        let args = self.constant(Const::Str(text));
        let op = self.tables.supply(ty);
        let dst = dst.unwrap_or_else(|| self.frame.take(ty));
        self.push(Instr::Perform { op, args, dst });
        self.frame.free(args);
        dst
    }

    fn receive(&mut self, rows: &[(Site, Step)], finals: Option<u32>, slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let mut table = ChooseTable { rows: Vec::new(), finals };
        let mut behind: Vec<(Label, Reg, &Step, u32)> = Vec::new();
        for (site, step) in rows {
            let NodeKind::Comm { from, branches, .. } = &graph.node(site.node).kind else { panic!("bug: a row is a message") };
            let label = self.tables.label(branches[site.branch].label);
            let payload = self.tables.payload(label);
            let dst = self.frame.take(payload);
            self.frame.free(dst);
            let target = self.new_label();
            let partner = super::index(*from);
            table.rows.push(ChooseRow { partner, label, dst, target });
            behind.push((target, dst, step, branches[site.branch].label));
        }
        if let ([row], None) = (table.rows.as_slice(), finals) {
            self.push(Instr::Receive { from: row.partner, label: row.label, dst: row.dst });
            let (_, dst, step, label) = behind[0];
            return self.received(dst, step, label, slots);
        }
        self.out.chooses.push(table);
        let table = u32::try_from(self.out.chooses.len() - 1).expect("fewer tables than instructions");
        self.push(Instr::Choose { table });
        let mut next = None;
        let count = behind.len();
        for (index, (target, dst, step, label)) in behind.into_iter().enumerate() {
            self.state = LocalState(step.target.0);
            self.place(target);
            next = self.received(dst, step, label, slots);
            if index + 1 < count {
                self.jump_later(next.take());
            }
        }
        next
    }

    /// Takes the fields out of a payload and goes on.
    fn received(&mut self, dst: Reg, step: &Step, label: u32, slots: &[Reg]) -> Option<StateId> {
        self.frame.reset(slots.iter().copied().chain([dst]));
        let graph = self.tables.graph;
        let fields = &graph.labels[label as usize].fields;
        let mut bound = vec![dst; fields.len().max(1)];
        if fields.len() > 1 {
            for (index, ty) in (0..).zip(fields) {
                if step.values.contains(&Value::Bound(u32::from(index))) {
                    let ty = self.tables.ty(*ty);
                    let reg = self.frame.take(ty);
                    self.push(Instr::Get { dst: reg, src: dst, index });
                    bound[index as usize] = reg;
                }
            }
        }
        self.go(step, slots, &bound)
    }
}

