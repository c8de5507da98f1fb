//! Which statements a function may have: local ones, with `result` exactly at the end of every path.

use crate::hir::{FunId, Program};
use tell_language::ast::{Ast, Block, FunBody, LetValue, LoopKind, RoleRef, Step, Stmt, StmtId, StmtKind};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

/// Reports what is wrong with the statements of a body.
pub(super) fn check(program: &Program, id: FunId, source: &FunBody, diagnostics: &mut Vec<Diagnostic>) {
    let FunBody::Block(block) = source else { return };
    let fun = program.fun(id);
    let module = &program.modules[fun.module];
    let mut search = Search { ast: &module.ast, file: module.file, diagnostics, todo: Vec::new() };
    if block.stmts.is_empty() {
        search.no_result(fun.span, "this function has no body");
    }
    search.todo.push((block, true));
    while let Some((block, is_tail)) = search.todo.pop() {
        search.block(block, is_tail);
    }
}

struct Search<'a, 'd> {
    ast: &'a Ast,
    file: FileId,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// Blocks to be looked at, and whether their end is the end of the function.
    todo: Vec<(&'a Block, bool)>,
}

impl<'a> Search<'a, '_> {
    fn block(&mut self, block: &'a Block, is_tail: bool) {
        for (index, id) in block.stmts.iter().enumerate() {
            let is_last = is_tail && index + 1 == block.stmts.len();
            self.stmt(*id, is_last);
        }
    }

    fn stmt(&mut self, id: StmtId, is_last: bool) {
        let ast = self.ast;
        let Stmt { kind, span } = ast.stmt(id);
        match kind {
            StmtKind::If { at, then, els, .. } => {
                self.refuse_role(*at);
                self.todo.push((then, is_last));
                self.todo.extend(els.as_ref().map(|els| (els, is_last)));
                let then_is_empty = is_last && then.stmts.is_empty();
                if then_is_empty || is_last && els.as_ref().is_none_or(|els| els.stmts.is_empty()) {
                    self.no_result(span.head(2), "one way through this `if` ends without `result`");
                }
            }
            StmtKind::Case { at, arms, .. } => {
                self.refuse_role(*at);
                for arm in arms {
                    self.todo.push((&arm.body, is_last));
                    if is_last && arm.body.stmts.is_empty() {
                        self.no_result(arm.span.head(1), "this arm ends without `result`");
                    }
                }
            }
            StmtKind::Let { at, value, body, .. } if !matches!(**value, LetValue::Step(_)) => {
                self.refuse_role(*at);
                match body {
                    Some(body) if !body.stmts.is_empty() => self.todo.push((body, is_last)),
                    _ => self.ends(is_last, *span),
                }
            }
            StmtKind::Loop { kind: LoopKind::While { .. } | LoopKind::Repeat { .. }, body } => {
                self.todo.push((body, false));
                // A `result` inside is reported where it stands.
                self.ends(is_last && !self.ends_with_result(body), span.head(4));
            }
            StmtKind::Var { at, .. } | StmtKind::Assert { at, .. } | StmtKind::Perform { at, .. } => {
                self.refuse_role(*at);
                self.ends(is_last, *span);
            }
            StmtKind::Assign { .. } => self.ends(is_last, *span),
            StmtKind::Step(step) if matches!(**step, Step::Result(_)) => {
                if !is_last {
                    let text = "`result` ends a function, but this is not the end of it".to_owned();
                    let help = "compute the value into a `let` or a cell, and write `result` last";
                    self.report("E0225", span.head(6), text, "something follows this", help);
                }
            }
            StmtKind::Error => {}
            other => self.refuse(other, *span),
        }
    }

    fn ends_with_result(&self, block: &Block) -> bool {
        let last = block.stmts.last().map(|last| &self.ast.stmt(*last).kind);
        matches!(last, Some(StmtKind::Step(step)) if matches!(**step, Step::Result(_)))
    }

    /// A statement that is not `result` is not the last one.
    fn ends(&mut self, is_last: bool, span: Span) {
        if is_last {
            self.no_result(span, "the function ends here without `result`");
        }
    }

    fn no_result(&mut self, span: Span, label: &str) {
        let text = "a function ends with `result` on every path".to_owned();
        self.report("E0225", span, text, label, "write `result …` as the last statement");
    }

    fn refuse_role(&mut self, at: Option<RoleRef>) {
        if let Some(role) = at {
            let text = "a function has no roles: it is evaluated at the role that calls it".to_owned();
            self.report("E0224", role.name.span, text, "no role is named here", "remove `at` and the role");
        }
    }

    fn refuse(&mut self, kind: &StmtKind, span: Span) {
        let (what, length) = construct(kind);
        let span = length.map_or(span, |length| span.head(length));
        let help = match kind {
            StmtKind::Value(_) => "give the value back with `result …`, or bind it with `let`",
            StmtKind::Rec { .. } | StmtKind::Continue { .. } | StmtKind::Loop { .. } => {
                "write `loop while (…)` or `loop repeat n`"
            }
            _ => "a function computes at one role: do this in a protocol, and call the function there",
        };
        self.report("E0223", span, format!("{what} cannot stand in a function"), "not in a function", help);
    }

    fn report(&mut self, code: &'static str, span: Span, text: String, label: &str, help: &str) {
        let diagnostic = Diagnostic::new(Code(code), text).label(self.file, span, label).help(help);
        self.diagnostics.push(diagnostic);
    }
}

/// How a statement that is no local one is called, and the length of the word it begins with.
fn construct(kind: &StmtKind) -> (&'static str, Option<u32>) {
    match kind {
        StmtKind::Message { .. } => ("a message", None),
        StmtKind::Choice { .. } => ("`choice`", Some(6)),
        StmtKind::Rec { .. } => ("`rec`", Some(3)),
        StmtKind::Continue { .. } => ("`continue`", None),
        StmtKind::Loop { kind: LoopKind::Forever, .. } => ("`loop forever`", Some(4)),
        StmtKind::Loop { .. } => ("a loop that a role decides", Some(4)),
        StmtKind::Call { .. } => ("`call`", None),
        StmtKind::Par { .. } => ("`par`", Some(3)),
        StmtKind::Scope(_) => ("a scope with outcomes", Some(7)),
        StmtKind::Region(_) => ("a handler region", Some(1)),
        StmtKind::For { .. } => ("`for`", Some(3)),
        StmtKind::Guest(_) => ("`fragment` or `guest runtime`", Some(5)),
        StmtKind::Value(_) => ("a value as a statement", None),
        _ => ("a step of an operation or handler", None),
    }
}
