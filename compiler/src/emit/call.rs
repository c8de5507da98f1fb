//! Code of calls: the body of the function, written out where the call stands.
//!
//! Parameters are the registers of the arguments, every other binding of the body gets one of its own until the end
//! of its block. Type variables stand for what they do in this call ([`Tables::enter`]).
//!
//! [`Tables::enter`]: super::tables::Tables::enter

use super::expr::{Names, Operand};
use super::function::Function;
use crate::hir::{Block, CaseArm, ExprId, FunBody, FunCode, FunId, Join, LoopKind, Pattern, StmtKind, Use, Var};
use crate::ty::Ty;
use tell_ir::image::Const;
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::prim::Prim;
use tell_ir::ty::Type;

/// Most expressions of functions that are written out in one image.
pub(super) const MAX_INLINED: usize = 1_000_000;

/// Where the statements of a function's body are written.
struct Inlined<'n, 'a> {
    names: &'n mut Names<'a>,
    /// What the function uses.
    uses: &'a [Use],
}

impl Function<'_, '_> {
    /// Evaluates the arguments from left to right, then the body.
    pub(super) fn call(
        &mut self,
        names: &mut Names<'_>,
        (id, types, args): (FunId, &[Ty], &[ExprId]),
        expr: ExprId,
        dst: Option<Reg>,
    ) -> Operand {
        let fun = self.tables.program.fun(id);
        let FunCode::Local { body: Some(body), .. } = &fun.code else {
            panic!("bug: a program with errors is not emitted")
        };
        let FunBody { body, result, weight } = &**body;
        self.tables.inlined = self.tables.inlined.saturating_add(*weight);
        if self.tables.inlined > MAX_INLINED {
            // The image is refused; nothing more is written into it.
            return Operand { reg: self.target(names, expr, dst), owned: true };
        }
        let args: Vec<Operand> = args.iter().map(|arg| self.expr(names, *arg, None)).collect();
        let value = self.target(names, expr, dst);
        let mut inner = Names::of_function(body);
        inner.bound.extend((0..).zip(args.iter().map(|arg| arg.reg)));
        inner.bound.insert(result.0, value);
        let before = self.tables.enter(types);
        self.local_block(&mut Inlined { names: &mut inner, uses: &fun.uses }, &body.block);
        self.tables.leave(before);
        args.into_iter().for_each(|arg| self.release(arg));
        Operand { reg: value, owned: true }
    }

    /// The statements of a block; the registers of its bindings are free behind it.
    fn local_block(&mut self, at: &mut Inlined<'_, '_>, block: &Block) {
        let mut own = Vec::new();
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Let { var, value, .. } => self.local_let(at, *var, *value, &mut own),
                StmtKind::Assert { cond, text, .. } => {
                    let text = text.map_or("assertion failed", |text| self.tables.program.text(text)).to_owned();
                    let cond = self.expr(at.names, *cond, None);
                    self.fail_unless(cond, text);
                }
                StmtKind::Perform { effect, op, args, result, bind, .. } => {
                    let dst = self.local_perform(at, (*effect, *op), args, *result);
                    match bind {
                        Some(var) => self.bind(at, *var, dst, &mut own),
                        None => self.frame.free(dst),
                    }
                }
                StmtKind::Case { scrutinee, arms, joins, .. } => {
                    self.local_case(at, *scrutinee, arms, joins, &mut own);
                }
                StmtKind::Loop { kind, body } => self.local_loop(at, kind, body),
                _ => panic!("bug: a function has only local statements"),
            }
        }
        own.into_iter().for_each(|reg| self.frame.free(reg));
    }

    fn bind(&mut self, at: &mut Inlined<'_, '_>, var: Var, reg: Reg, own: &mut Vec<Reg>) {
        at.names.bound.insert(var.0, reg);
        own.push(reg);
    }

    /// A new binding gets a register nobody else writes; a cell, and the result, have one.
    fn local_let(&mut self, at: &mut Inlined<'_, '_>, var: Var, value: ExprId, own: &mut Vec<Reg>) {
        if let Some(known) = at.names.bound.get(&var.0).copied() {
            self.expr(at.names, value, Some(known));
            return;
        }
        let operand = self.expr(at.names, value, None);
        let reg = self.own(operand);
        self.bind(at, var, reg, own);
    }

    fn local_perform(
        &mut self,
        at: &mut Inlined<'_, '_>,
        (used, op): (usize, usize),
        args: &[ExprId],
        result: Ty,
    ) -> Reg {
        let Use { effect, args: instance, .. } = &at.uses[used];
        let params: Vec<Ty> = args.iter().map(|arg| at.names.body.exprs[arg.index()].ty).collect();
        let op = self.tables.operation((*effect, instance), op, &params, result);
        let row = if args.is_empty() { 0 } else { self.row(at.names, args).reg };
        (row..).zip(args).for_each(|(reg, _)| self.frame.free(reg));
        let result = self.tables.ty(result);
        let dst = self.frame.take(result);
        self.push(Instr::Perform { op, args: row, dst });
        dst
    }

    /// Arms, and behind each what makes its bindings those after the statement.
    fn local_case(
        &mut self,
        at: &mut Inlined<'_, '_>,
        scrutinee: ExprId,
        arms: &[CaseArm],
        joins: &[Join],
        own: &mut Vec<Reg>,
    ) {
        let body = at.names.body;
        for join in joins {
            let ty = self.tables.ty(body.vars[join.var.index()].ty);
            let reg = self.frame.take(ty);
            self.bind(at, join.var, reg, own);
        }
        let value = self.expr(at.names, scrutinee, None);
        let patterns: Vec<&Pattern> = arms.iter().map(|arm| &body.patterns[arm.pattern as usize]).collect();
        let uses = at.uses;
        self.arms_in_place(at.names, value.reg, &patterns, &mut |function, names, index| {
            function.local_block(&mut Inlined { names, uses }, &arms[index].body);
            for join in joins {
                if let Some(from) = join.from[index] {
                    function.push_move(names.reg(join.var.0), names.reg(from.0));
                }
            }
        });
        self.release(value);
    }

    /// A loop that yields after every round: a function that never ends does not stop the others.
    fn local_loop(&mut self, at: &mut Inlined<'_, '_>, kind: &LoopKind, body: &Block) {
        let (head, end) = (self.new_label(), self.new_label());
        let counter = match kind {
            LoopKind::Repeat { count, .. } => {
                let count = self.expr(at.names, *count, None);
                Some(self.own(count))
            }
            LoopKind::While { .. } => None,
            LoopKind::Decided { .. } | LoopKind::Forever => panic!("bug: refused in a function"),
        };
        self.place(head);
        let goes_on = match (kind, counter) {
            (LoopKind::While { cond, .. }, _) => self.expr(at.names, *cond, None),
            (_, Some(counter)) => self.compare_with_zero(counter),
            _ => panic!("bug: a loop counts or tests"),
        };
        self.push(Instr::Branch { val: goes_on.reg, target: end });
        self.release(goes_on);
        self.begin_block();
        self.local_block(at, body);
        if let Some(counter) = counter {
            let one = self.constant(Const::Int(1));
            self.push(Instr::Prim { op: Prim::Sub, dst: counter, a: counter, b: one });
            self.frame.free(one);
        }
        self.push(Instr::Yield);
        self.push(Instr::Jump { target: head });
        self.place(end);
        counter.into_iter().for_each(|counter| self.frame.free(counter));
    }

    fn compare_with_zero(&mut self, counter: Reg) -> Operand {
        let boolean = self.tables.structure(Type::Bool);
        let zero = self.constant(Const::Int(0));
        let more = self.frame.take(boolean);
        self.push(Instr::Prim { op: Prim::Gt, dst: more, a: counter, b: zero });
        self.frame.free(zero);
        Operand { reg: more, owned: true }
    }

    /// A register with the value that nobody else reads or writes.
    fn own(&mut self, operand: Operand) -> Reg {
        if operand.owned {
            return operand.reg;
        }
        let ty = self.frame.regs[operand.reg as usize];
        let reg = self.frame.take(ty);
        self.push_move(reg, operand.reg);
        reg
    }

    /// Fails with an assertion's text where the condition does not hold.
    pub(super) fn fail_unless(&mut self, cond: Operand, text: String) {
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
    }
}
