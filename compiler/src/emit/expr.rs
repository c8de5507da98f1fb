//! Code of expressions.

use super::function::Function;
use crate::graph::{ExprRef, GVar};
use crate::hir::{Body, ExprId, ExprKind, Pattern};
use crate::project::machine::Env;
use rustc_hash::FxHashMap;
use tell_ir::image::{Const, Shape};
use tell_ir::instr::{Instr, Reg};
use tell_ir::prim::Prim;
use tell_ir::ty::TypeId;

/// A register with a value; `owned` if nobody else needs it there.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) reg: Reg,
    pub(super) owned: bool,
}

/// Where the names of an expression are.
pub(super) struct Names<'a> {
    pub(super) body: &'a Body,
    vars: u32,
    env: &'a [(GVar, u32)],
    slots: &'a [Reg],
    pub(super) bound: FxHashMap<u32, Reg>,
}

impl<'a> Names<'a> {
    /// The names of a function's body: all are bound inside it.
    pub(super) fn of_function(body: &'a Body) -> Self {
        Self { body, vars: 0, env: &[], slots: &[], bound: FxHashMap::default() }
    }

    pub(super) fn reg(&self, var: u32) -> Reg {
        if let Some(reg) = self.bound.get(&var) {
            return *reg;
        }
        let at = self.env.binary_search_by_key(&GVar(self.vars + var), |(var, _)| *var);
        let (_, slot) = self.env[at.expect("the checker gave the role this name")];
        self.slots[slot as usize]
    }
}

impl Function<'_, '_> {
    /// Evaluates an expression of the graph; into `dst` if one is given.
    pub(super) fn eval(&mut self, at: ExprRef, env: &Env, slots: &[Reg], dst: Option<Reg>) -> Operand {
        let instance = &self.tables.graph.instances[at.instance as usize];
        let body =
            self.tables.program.protocol(instance.protocol).body.as_ref().expect("only checked protocols are lowered");
        let mut names = Names { body, vars: instance.vars, env, slots, bound: FxHashMap::default() };
        self.expr(&mut names, at.expr, dst)
    }

    pub(super) fn expr_type(&mut self, names: &Names<'_>, id: ExprId) -> TypeId {
        self.tables.ty(names.body.exprs[id.index()].ty)
    }

    pub(super) fn target(&mut self, names: &Names<'_>, id: ExprId, dst: Option<Reg>) -> Reg {
        match dst {
            Some(dst) => dst,
            None => {
                let ty = self.expr_type(names, id);
                self.frame.take(ty)
            }
        }
    }

    pub(super) fn expr(&mut self, names: &mut Names<'_>, id: ExprId, dst: Option<Reg>) -> Operand {
        match &names.body.exprs[id.index()].kind {
            ExprKind::Error => panic!("bug: a program with errors is not emitted"),
            ExprKind::Var(var) => {
                let src = names.reg(var.0);
                match dst {
                    Some(dst) => {
                        self.push_move(dst, src);
                        Operand { reg: dst, owned: true }
                    }
                    None => Operand { reg: src, owned: false },
                }
            }
            ExprKind::Const(value) => {
                let value = self.tables.constant(value.clone());
                let dst = self.target(names, id, dst);
                self.push(Instr::Set { dst, value });
                Operand { reg: dst, owned: true }
            }
            ExprKind::Prim(op, args) => self.prim(names, *op, args, id, dst),
            ExprKind::And(a, b) => self.short_circuit(names, (*a, *b), id, dst, false),
            ExprKind::Or(a, b) => self.short_circuit(names, (*a, *b), id, dst, true),
            ExprKind::Product(items) => {
                let shape = Shape::Product(self.expr_type(names, id));
                self.make(names, shape, items, id, dst)
            }
            ExprKind::List(items) => {
                let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
                let shape = Shape::List(self.expr_type(names, id), count);
                self.make(names, shape, items, id, dst)
            }
            ExprKind::Variant(tag, items) => {
                let shape = Shape::Variant(self.expr_type(names, id), *tag);
                self.make(names, shape, items, id, dst)
            }
            ExprKind::Get(base, index) => {
                let src = self.expr(names, *base, None);
                self.release(src);
                let dst = self.target(names, id, dst);
                self.push(Instr::Get { dst, src: src.reg, index: *index });
                Operand { reg: dst, owned: true }
            }
            ExprKind::If(cond, then, els) => self.if_expr(names, (*cond, *then, *els), id, dst),
            ExprKind::Case(scrutinee, arms) => self.case_expr(names, *scrutinee, arms, id, dst),
            ExprKind::Call { fun, types, args } => self.call(names, (*fun, types, args), id, dst),
            ExprKind::Function { .. } => panic!("bug: function values are refused"),
        }
    }

    fn prim(&mut self, names: &mut Names<'_>, op: Prim, args: &[ExprId], id: ExprId, dst: Option<Reg>) -> Operand {
        let a = self.expr(names, args[0], None);
        let b = match args {
            [_] => a,
            [_, b] => self.expr(names, *b, None),
            [_, rest @ ..] => self.row(names, rest),
            [] => panic!("bug: a primitive has operands"),
        };
        self.release(a);
        self.release(b);
        if args.len() == 3 {
            self.frame.free(b.reg + 1);
        }
        let dst = self.target(names, id, dst);
        self.push(Instr::Prim { op, dst, a: a.reg, b: b.reg });
        Operand { reg: dst, owned: true }
    }

    /// Evaluates into consecutive registers, all owned; answers the first.
    pub(super) fn row(&mut self, names: &mut Names<'_>, items: &[ExprId]) -> Operand {
        let types: Vec<TypeId> = items.iter().map(|item| self.expr_type(names, *item)).collect();
        let first = self.frame.take_row(&types);
        for (reg, item) in (first..=Reg::MAX).zip(items) {
            self.expr(names, *item, Some(reg));
        }
        Operand { reg: first, owned: true }
    }

    fn make(&mut self, names: &mut Names<'_>, shape: Shape, items: &[ExprId], id: ExprId, dst: Option<Reg>) -> Operand {
        let args = if items.is_empty() { 0 } else { self.row(names, items).reg };
        (args..=Reg::MAX).zip(items).for_each(|(reg, _)| self.frame.free(reg));
        let shape = self.tables.shape(shape);
        let dst = self.target(names, id, dst);
        self.push(Instr::Make { dst, shape, args });
        Operand { reg: dst, owned: true }
    }

    /// `a && b` (or `||` with `stop_at` true): `b` is evaluated only if `a` does not decide.
    fn short_circuit(
        &mut self,
        names: &mut Names<'_>,
        (a, b): (ExprId, ExprId),
        id: ExprId,
        dst: Option<Reg>,
        stop_at: bool,
    ) -> Operand {
        let dst = self.result_register(names, id, dst);
        self.expr(names, a, Some(dst.reg));
        let end = self.new_label();
        if stop_at {
            let ty = self.frame.regs[dst.reg as usize];
            let not = self.frame.take(ty);
            self.push(Instr::Prim { op: Prim::Not, dst: not, a: dst.reg, b: dst.reg });
            self.frame.free(not);
            self.push(Instr::Branch { val: not, target: end });
        } else {
            self.push(Instr::Branch { val: dst.reg, target: end });
        }
        self.begin_block();
        self.expr(names, b, Some(dst.reg));
        self.place(end);
        self.finish(dst)
    }

    /// A register for a result that several paths write. A requested register may be read by those paths, so it is
    /// written only at the end.
    fn result_register(&mut self, names: &Names<'_>, id: ExprId, dst: Option<Reg>) -> Pending {
        let ty = self.expr_type(names, id);
        Pending { reg: self.frame.take(ty), dst }
    }

    fn finish(&mut self, pending: Pending) -> Operand {
        match pending.dst {
            Some(dst) => {
                self.push_move(dst, pending.reg);
                self.frame.free(pending.reg);
                Operand { reg: dst, owned: true }
            }
            None => Operand { reg: pending.reg, owned: true },
        }
    }

    fn if_expr(
        &mut self,
        names: &mut Names<'_>,
        (cond, then, els): (ExprId, ExprId, ExprId),
        id: ExprId,
        dst: Option<Reg>,
    ) -> Operand {
        let result = self.result_register(names, id, dst);
        let (otherwise, end) = (self.new_label(), self.new_label());
        let cond = self.expr(names, cond, None);
        self.push(Instr::Branch { val: cond.reg, target: otherwise });
        self.release(cond);
        self.begin_block();
        self.expr(names, then, Some(result.reg));
        self.push(Instr::Jump { target: end });
        self.place(otherwise);
        self.expr(names, els, Some(result.reg));
        self.place(end);
        self.finish(result)
    }

    fn case_expr(
        &mut self,
        names: &mut Names<'_>,
        scrutinee: ExprId,
        arms: &[(Pattern, ExprId)],
        id: ExprId,
        dst: Option<Reg>,
    ) -> Operand {
        let result = self.result_register(names, id, dst);
        let scrutinee = self.expr(names, scrutinee, None);
        let patterns: Vec<&Pattern> = arms.iter().map(|(pattern, _)| pattern).collect();
        self.arms_in_place(names, scrutinee.reg, &patterns, &mut |function, names, index| {
            function.expr(names, arms[index].1, Some(result.reg));
        });
        self.release(scrutinee);
        self.finish(result)
    }

    /// Tries patterns in order; behind the first that matches goes what `arm` writes, and then on behind all of them.
    pub(super) fn arms_in_place<'n>(
        &mut self,
        names: &mut Names<'n>,
        value: Reg,
        patterns: &[&Pattern],
        arm: &mut dyn FnMut(&mut Self, &mut Names<'n>, usize),
    ) {
        let end = self.new_label();
        let labels = self.switch_arms(value, patterns);
        for (index, pattern) in patterns.iter().enumerate() {
            let is_last = index + 1 == patterns.len();
            let mut fail = None;
            match &labels {
                Some(labels) => self.place(labels[index]),
                None if !is_last || self.needs_test(pattern) => fail = Some(self.new_label()),
                None => {}
            }
            let bound = self.match_pattern(value, pattern, fail);
            names.bound.extend(bound.iter().map(|(var, reg)| (var.0, *reg)));
            arm(self, names, index);
            bound.iter().for_each(|(_, reg)| self.frame.free(*reg));
            if !is_last || fail.is_some() {
                self.push(Instr::Jump { target: end });
            }
            match fail {
                Some(fail) if is_last => self.unreachable(fail),
                Some(fail) => self.place(fail),
                None => {}
            }
        }
        self.place(end);
    }

    /// Gives a register back unless it is a slot of the state.
    pub(super) fn release(&mut self, operand: Operand) {
        if operand.owned {
            self.frame.free(operand.reg);
        }
    }

    /// A constant in a register of its own.
    pub(super) fn constant(&mut self, value: Const) -> Reg {
        let ty = self.tables.constant_type(&value);
        let dst = self.frame.take(ty);
        let value = self.tables.constant(value);
        self.push(Instr::Set { dst, value });
        dst
    }
}

/// A result being computed, and where it is wanted.
struct Pending {
    reg: Reg,
    dst: Option<Reg>,
}
