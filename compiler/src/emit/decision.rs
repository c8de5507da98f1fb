//! Code of decisions: the role's own choices, shared cases, counted loops.

use super::function::{Function, Label};
use crate::graph::{CaseOn, ExprRef, Guard, NodeKind};
use crate::hir::Pattern;
use crate::project::machine::{Env, Site, StateId, Step};
use tell_ir::image::{Const, Shape};
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::prim::Prim;
use tell_ir::ty::{Type, TypeId};

impl Function<'_, '_> {
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

    pub(super) fn decide(&mut self, site: &Site, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Choice { arms, .. } = &graph.node(site.node).kind else { panic!("bug: a choice was offered") };
        let labels: Vec<Label> = arms.iter().map(|_| self.new_label()).collect();
        let mut bound = vec![Vec::new(); arms.len()];
        for (index, arm) in arms.iter().enumerate() {
            let closed = self.new_label();
            match &arm.guard {
                None => continue,
                Some(Guard::Expr(guard)) => {
                    let guard = self.eval(*guard, &site.env, slots, None);
                    self.push(Instr::Branch { val: guard.reg, target: closed });
                    self.release(guard);
                    self.begin_block();
                }
                Some(Guard::Check { op, args, bind }) => {
                    bound[index].extend(self.check((*op, args), bind.is_some(), &site.env, slots, closed));
                }
            }
            self.push(Instr::Jump { target: labels[index] });
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
                let name = |arm: &crate::graph::Arm| {
                    arm.name.map_or(String::new(), |name| self.tables.program.text(name).to_owned())
                };
                let names: Vec<String> = several.iter().map(|index| name(&arms[*index])).collect();
                let targets: Vec<Label> = several.iter().map(|index| labels[*index]).collect();
                self.choose(&names, &targets);
            }
        }
        let arms =
            labels.into_iter().zip(steps).zip(bound).map(|((label, step), bound)| (label, step, bound)).collect();
        self.arms(arms, slots)
    }

    /// Performs the operation of a guard and jumps to `closed` if it answers without evidence. The register of the
    /// evidence, if that is wanted.
    fn check(
        &mut self,
        (op, args): (u32, &[ExprRef]),
        wanted: bool,
        env: &Env,
        slots: &[Reg],
        closed: Label,
    ) -> Option<Reg> {
        let answer = self.perform(op, args, env, slots);
        // `Err` and `Nothing` have tag 0, `Ok` and `Just` tag 1.
        let open = self.new_label();
        let table = self.add_switch(vec![closed, open]);
        self.push(Instr::Switch { val: answer, table });
        self.place(open);
        self.frame.free(answer);
        if !wanted {
            return None;
        }
        let content = match *self.tables.kind(self.frame.regs[answer as usize]) {
            Type::Result(_, content) | Type::Maybe(content) => content,
            _ => panic!("bug: a checked guard answers with a `Result` or a `Maybe`"),
        };
        let evidence = self.frame.take(content);
        self.push(Instr::Get { dst: evidence, src: answer, index: 0 });
        self.frame.free(evidence);
        Some(evidence)
    }

    /// Lets the host choose among names and jumps to the target of the one chosen.
    pub(super) fn choose(&mut self, names: &[String], targets: &[Label]) {
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

    pub(super) fn case(&mut self, site: &Site, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Case { on, arms, .. } = &graph.node(site.node).kind else { panic!("bug: a case was offered") };
        match on {
            CaseOn::Opaque => panic!("bug: nobody can evaluate an unnamed decision"),
            CaseOn::Counter(counter) => {
                let at = site.env.binary_search_by_key(counter, |(var, _)| *var).expect("a decider holds the counter");
                self.count(slots[site.env[at].1 as usize], steps, slots)
            }
            CaseOn::Start { count, .. } => {
                let count = self.eval(*count, &site.env, slots, None);
                self.count(count.reg, steps, slots)
            }
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
    fn match_arms(
        &mut self,
        value: Reg,
        arms: &[crate::graph::CaseArm],
        steps: &[Step],
        slots: &[Reg],
    ) -> Option<StateId> {
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

    /// A counted loop: another round while the counter is above zero.
    fn count(&mut self, counter: Reg, steps: &[Step], slots: &[Reg]) -> Option<StateId> {
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
}
