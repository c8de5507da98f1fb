//! Statements in order: scopes of blocks, recursion, loops.

use super::Checker;
use super::family::Rest;
use crate::hir::{Block, LoopKind, RoleId, Stmt, StmtKind};
use crate::ty::Types;
use tell_language::ast::{self, Name, StmtId};
use tell_language::span::Span;

/// Whether a block is the last thing its protocol does, so that a recursive call in it is a back edge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing follows.
    Yes,
    /// Something follows.
    No,
}

/// A block around the current statement.
pub(super) struct Around {
    /// Its statements.
    pub(super) stmts: Vec<StmtId>,
    /// The statement after the current one.
    pub(super) next: usize,
    /// What its end leads to.
    pub(super) end: End,
}

/// What the end of a block leads to.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// What stands behind it.
    Behind,
    /// Its start.
    Start,
    /// The other rounds of a `for`.
    Round(Rest),
}

impl Checker<'_> {
    /// The statements of a block, in the current scope.
    pub(super) fn block(&mut self, block: &ast::Block, tail: Tail) -> Block {
        self.statements(block, tail, End::Behind)
    }

    pub(super) fn statements(&mut self, block: &ast::Block, tail: Tail, end: End) -> Block {
        let mut checked = Block { stmts: Vec::new(), falls_through: true, span: block.span };
        self.around.push(Around { stmts: block.stmts.clone(), next: 0, end });
        for (index, id) in block.stmts.iter().enumerate() {
            if !checked.falls_through {
                self.unreachable(&block.stmts, index);
                break;
            }
            if self.is_hopeless() {
                break;
            }
            self.around.last_mut().expect("pushed above").next = index + 1;
            let is_last = index + 1 == block.stmts.len();
            let tail = if is_last { tail } else { Tail::No };
            checked.falls_through = self.stmt(*id, tail, &mut checked.stmts);
        }
        self.around.pop();
        checked
    }

    /// A block in a scope of its own.
    pub(super) fn scoped(&mut self, block: &ast::Block, tail: Tail) -> Block {
        self.inner(block, tail, End::Behind)
    }

    /// The body of a loop: a scope of its own, nothing in it is last.
    fn loop_body(&mut self, block: &ast::Block) -> Block {
        self.inner(block, Tail::No, End::Start)
    }

    fn inner(&mut self, block: &ast::Block, tail: Tail, end: End) -> Block {
        let mark = self.scope.mark();
        let checked = self.statements(block, tail, end);
        self.scope.rollback(mark);
        checked
    }

    fn unreachable(&mut self, stmts: &[StmtId], index: usize) {
        let (this, before) = (self.ast().stmt(stmts[index]).span, self.ast().stmt(stmts[index - 1]).span);
        let file = self.program.modules[self.module].file;
        let diagnostic = self
            .diagnostic("E0414", this, "this statement is never reached".into(), "unreachable")
            .label(file, before, "control never gets past this")
            .help("remove it, or move it up");
        self.diagnostics.push(diagnostic);
    }

    /// Checks one statement, appends what it became, and answers whether control goes on behind it.
    fn stmt(&mut self, id: StmtId, tail: Tail, out: &mut Vec<Stmt>) -> bool {
        let ast::Stmt { kind, span } = self.ast().stmt(id).clone();
        match kind {
            ast::StmtKind::Message { from, to, label, fields, annotation } => {
                if let Some(annotation) = annotation {
                    self.hints(&annotation);
                }
                self.message(from, to, label, &fields, span, out);
                true
            }
            ast::StmtKind::Choice { decider, arms } => self.choice(decider, &arms, span, tail, out),
            ast::StmtKind::If { cond, at, then, els } => self.if_stmt(cond, at, (&then, els.as_ref()), span, tail, out),
            ast::StmtKind::Case { scrutinee, at, arms } => self.case_stmt(scrutinee, at, &arms, span, tail, out),
            ast::StmtKind::Rec { label, body } => self.rec(label, &body, span, tail, out),
            ast::StmtKind::Continue { label } => self.continue_to(label, span, out),
            ast::StmtKind::Loop { kind, body } => self.loop_stmt(kind, &body, span, out),
            ast::StmtKind::Call { protocol, roles, args } => self.call(&protocol, &roles, &args, span, tail, out),
            ast::StmtKind::Let { name, at, ty, value, body } => {
                let mark = self.scope.mark();
                self.let_stmt(name, at, ty, &value, span, out);
                let Some(body) = body else { return true };
                let checked = self.block(&body, tail);
                self.scope.rollback(mark);
                out.extend(checked.stmts);
                checked.falls_through
            }
            ast::StmtKind::Var { name, at, ty, init } => {
                self.var_stmt(name, at, ty, init, span, out);
                true
            }
            ast::StmtKind::Assign { name, value } => {
                self.assign(name, value, span, out);
                true
            }
            ast::StmtKind::Assert { cond, at, text } => {
                self.assert(cond, at, text, span, out);
                true
            }
            ast::StmtKind::Perform { perform, at } => {
                self.perform_stmt(&perform, at, span, out);
                true
            }
            ast::StmtKind::Par { branches } => self.par(&branches, span, out),
            ast::StmtKind::Scope(scope) => self.scope_stmt(&scope, span, out),
            ast::StmtKind::For { index, over, body } => self.for_stmt(index, over, &body, span, tail, out),
            ast::StmtKind::Region(region) => self.region(&region, span, out),
            ast::StmtKind::Guest(guest) => self.guest(&guest, span, tail, out),
            ast::StmtKind::Step(step) => self.step(&step, span, out),
            ast::StmtKind::Value(value) => self.clause_value(value, span),
            ast::StmtKind::Error => true,
        }
    }

    fn rec(&mut self, label: Name, body: &ast::Block, span: Span, tail: Tail, out: &mut Vec<Stmt>) -> bool {
        if let Some(outer) = self.recs.iter().map(|(outer, _)| *outer).find(|outer| outer.symbol == label.symbol) {
            let file = self.program.modules[self.module].file;
            let text = format!("`rec {0}` inside `rec {0}`", self.text(label.symbol));
            let diagnostic = self
                .diagnostic("E0412", label.span, text, "the inner one")
                .label(file, outer.span, "the outer one")
                .help("give the inner one another name");
            self.diagnostics.push(diagnostic);
        }
        self.recs.push((label, body.clone()));
        let body = self.scoped(body, tail);
        self.recs.pop();
        let falls_through = body.falls_through;
        out.push(Stmt { kind: StmtKind::Rec { label: label.symbol, body }, span });
        falls_through
    }

    fn continue_to(&mut self, label: Name, span: Span, out: &mut Vec<Stmt>) -> bool {
        let target = self.recs.iter().rposition(|(rec, _)| rec.symbol == label.symbol);
        let left = self.barriers.iter().find(|barrier| target.is_some_and(|target| target < barrier.recs)).copied();
        if let Some(left) = left {
            let file = self.program.modules[self.module].file;
            let text = format!("`continue {}` would leave a `{}`", self.text(label.symbol), left.word);
            let diagnostic = self
                .diagnostic("E0423", label.span, text, "leads out of it")
                .label(file, left.span, "this has to end first")
                .help("go on behind it: let the roles decide there whether there is another round");
            self.diagnostics.push(diagnostic);
        }
        if target.is_none() {
            let name = self.text(label.symbol).to_owned();
            let text = format!("`continue {name}` stands outside `rec {name}`");
            let help = match self.recs.last() {
                Some((rec, _)) => format!("the enclosing one is `rec {}`", self.text(rec.symbol)),
                None => format!("put the statements to repeat into `rec {name}`"),
            };
            self.report("E0411", label.span, text, "no such `rec` around this", &help);
        }
        out.push(Stmt { kind: StmtKind::Continue { label: label.symbol }, span });
        false
    }

    fn loop_stmt(&mut self, kind: ast::LoopKind, body: &ast::Block, span: Span, out: &mut Vec<Stmt>) -> bool {
        let first = self.body.exprs.len();
        let is_endless = kind == ast::LoopKind::Forever;
        let kind = match kind {
            ast::LoopKind::Decide { by } => {
                self.decider(by).map(|(by, number)| LoopKind::Decided { by, guard: None, number })
            }
            ast::LoopKind::WhileBy { cond, by } => self.decider(by).map(|(by, number)| {
                let guard = self.condition(cond, by);
                self.warn_constant(guard);
                LoopKind::Decided { by, guard: Some(guard), number }
            }),
            ast::LoopKind::While { cond } => self.deciders(cond, None).map(|deciders| {
                let cond = self.condition(cond, deciders[0]);
                self.warn_constant(cond);
                LoopKind::While { deciders, cond }
            }),
            ast::LoopKind::Repeat { count } => self.repeat(count),
            ast::LoopKind::Forever => Some(LoopKind::Forever),
        };
        self.finish_types(first);
        let body = self.loop_body(body);
        if let Some(kind) = kind {
            out.push(Stmt { kind: StmtKind::Loop { kind, body }, span });
        }
        !is_endless
    }

    /// The role that decides a loop, and the loop's number; the host will see its two options by name.
    fn decider(&mut self, by: ast::RoleRef) -> Option<(RoleId, u32)> {
        self.program.interner.intern(crate::lower::CONTINUE);
        self.program.interner.intern(crate::lower::STOP);
        let number = self.decided_loops;
        self.decided_loops += 1;
        Some((self.role(by)?, number))
    }

    fn repeat(&mut self, count: ast::ExprId) -> Option<LoopKind> {
        let deciders = self.deciders(count, None)?;
        let span = self.ast().expr(count).span;
        let count = self.expr(count, deciders[0], Some(Types::INT));
        let name = self.program.interner.intern("(rounds left)");
        let counter = self.new_var(name, Types::INT, span);
        Some(LoopKind::Repeat { deciders, count, counter })
    }
}
