//! Parts side by side and scopes with outcomes: `par`, `timeout`, `attempt` (LANGUAGE §4).

use super::Checker;
use super::block::Tail;
use crate::hir::{Block, Outcome, RoleId, Stmt, StmtKind, Var};
use crate::resolve::family::Member;
use crate::resolve::once::Once;
use crate::resolve::role_set;
use crate::ty::Types;
use rustc_hash::FxHashMap;
use tell_ir::image;
use tell_language::ast::{self, OutcomeArm};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What `continue` and recursive calls may not leave: the word and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Barrier {
    pub(super) word: &'static str,
    pub(super) span: Span,
    /// How many `rec`s are around it.
    pub(super) recs: usize,
}

impl Checker<'_> {
    /// Runs `check` inside something that `continue` may not leave.
    pub(super) fn inside<T>(&mut self, word: &'static str, span: Span, check: impl FnOnce(&mut Self) -> T) -> T {
        self.barriers.push(Barrier { word, span, recs: self.recs.len() });
        let result = check(self);
        self.barriers.pop();
        result
    }

    pub(super) fn par(&mut self, branches: &[ast::Block], span: Span, out: &mut Vec<Stmt>) -> bool {
        let word = span.head(3);
        if branches.len() < 2 {
            let text = "a `par` has at least two branches".to_owned();
            self.report("E0421", word, text, "one branch only", "write its statements without `par`");
        }
        let mut checked: Vec<Block> = Vec::new();
        let mut bound: Vec<Vec<(RoleId, Symbol, Var)>> = Vec::new();
        let mut set: FxHashMap<Var, (usize, Span)> = FxHashMap::default();
        for (index, branch) in branches.iter().enumerate() {
            let mark = self.scope.mark();
            let before = self.assigned.len();
            let block = self.inside("par", word, |checker| checker.block(branch, Tail::No));
            bound.push(self.scope.since(mark));
            self.scope.rollback(mark);
            let assigned = self.assigned.split_off(before);
            for (cell, place) in assigned.iter().copied() {
                let (first, first_place) = *set.entry(cell).or_insert((index, place));
                if first != index {
                    self.set_in_two_branches(cell, first_place, place);
                }
            }
            self.assigned.extend(assigned);
            checked.push(block);
        }
        self.bind_behind_par(&bound);
        let falls_through = checked.iter().all(|block| block.falls_through);
        out.push(Stmt { kind: StmtKind::Par { branches: checked }, span });
        falls_through
    }

    /// Behind a `par` a role holds what exactly one branch binds at it.
    fn bind_behind_par(&mut self, branches: &[Vec<(RoleId, Symbol, Var)>]) {
        let mut first: FxHashMap<(RoleId, Symbol), (usize, Var)> = FxHashMap::default();
        let mut reported: Vec<Symbol> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            for (role, name, var) in branch {
                let (owner, other) = *first.entry((*role, *name)).or_insert((index, *var));
                if owner != index && !reported.contains(name) {
                    reported.push(*name);
                    self.bound_in_two_branches(*role, *name, other, *var);
                }
                self.scope.bind(*role, *name, *var);
            }
        }
    }

    fn bound_in_two_branches(&mut self, role: RoleId, name: Symbol, first: Var, second: Var) {
        let file = self.program.modules[self.module].file;
        let text = format!("two branches of this `par` bind `{}` at `{}`", self.text(name), self.role_name(role));
        let diagnostic = self
            .diagnostic("E0425", self.body.vars[second.index()].span, text, "again here")
            .label(file, self.body.vars[first.index()].span, "first here")
            .help("give them different names: both are visible behind the `par`");
        self.diagnostics.push(diagnostic);
    }

    fn set_in_two_branches(&mut self, cell: Var, first: Span, second: Span) {
        let file = self.program.modules[self.module].file;
        let text = format!("two branches of this `par` set `{}`", self.text(self.body.vars[cell.index()].name));
        let diagnostic = self
            .diagnostic("E0426", second, text, "set again here")
            .label(file, first, "first set here")
            .help("set it in one branch only: the branches run in no particular order");
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn scope_stmt(&mut self, scope: &ast::Scope, span: Span, out: &mut Vec<Stmt>) -> bool {
        let word = span.head(SCOPE_WORD);
        let owner = self.role(scope.owner);
        let first = self.body.exprs.len();
        let deadline = match (scope.deadline, owner) {
            (Some(deadline), Some(owner)) => Some(self.expr(deadline, owner, Some(Types::DURATION))),
            _ => None,
        };
        self.finish_types(first);
        self.check_outcomes(scope, word);
        let mark = self.scope.mark();
        let body = self.inside(scope_word(scope), word, |checker| checker.block(&scope.body, Tail::No));
        let names = self.scope.since(mark);
        self.scope.rollback(mark);
        let participants = self.mentioned(scope, owner);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for arm in &scope.outcomes {
            let Some(kind) = self.outcome_kind(arm) else { continue };
            let held = if kind == image::Outcome::Done { names.as_slice() } else { &[] };
            outcomes.push(self.outcome(kind, arm, held, &participants, scope_word(scope)));
        }
        let ends = outcomes.iter().any(|outcome| outcome.body.falls_through);
        let is_done = body.falls_through && !outcomes.iter().any(|outcome| outcome.kind == image::Outcome::Done);
        if let Some(owner) = owner {
            out.push(Stmt { kind: StmtKind::Scope { owner, deadline, body, outcomes, joins: Vec::new() }, span });
        }
        ends || is_done
    }

    /// The block of an outcome, a scope of its own; `held` is visible in it.
    fn outcome(
        &mut self,
        kind: image::Outcome,
        arm: &OutcomeArm,
        held: &[(RoleId, Symbol, Var)],
        participants: &[RoleId],
        word: &'static str,
    ) -> Outcome {
        let outer = self.scope.mark();
        for (role, name, var) in held {
            self.scope.bind(*role, *name, *var);
        }
        let bind = arm.bind.map(|name| {
            self.refuse_predefined(name);
            let var = self.new_var(name.symbol, Types::STRING, name.span);
            participants.iter().for_each(|role| self.scope.bind(*role, name.symbol, var));
            var
        });
        let body = self.inside(word, arm.outcome.span, |checker| checker.block(&arm.body, Tail::No));
        self.scope.rollback(outer);
        Outcome { kind, bind, body, span: arm.span }
    }

    fn outcome_kind(&self, arm: &OutcomeArm) -> Option<image::Outcome> {
        image::Outcome::ALL.iter().find(|(text, _)| *text == self.text(arm.outcome.symbol)).map(|(_, kind)| *kind)
    }

    /// Every outcome once, those a scope can have, and the one it is written for.
    fn check_outcomes(&mut self, scope: &ast::Scope, word: Span) {
        let errors = self.diagnostics.len();
        let mut once = Once::default();
        for arm in &scope.outcomes {
            let name = arm.outcome;
            let text = self.text(name.symbol).to_owned();
            if let Some(first) = once.earlier(name) {
                let file = self.program.modules[self.module].file;
                let diagnostic = self
                    .diagnostic("E0424", name.span, format!("`on {text}` stands here twice"), "again here")
                    .label(file, first, "first here")
                    .help("remove one of them");
                self.diagnostics.push(diagnostic);
                continue;
            }
            let (message, help) = match (text.as_str(), scope.deadline) {
                ("timeout", None) => {
                    ("an `attempt` has no deadline", "write `timeout 5s R at …`, or remove this block")
                }
                ("abort", _) => ("only a handler region can be aborted", "remove this block"),
                _ => continue,
            };
            self.report("E0424", name.span, message.into(), "never happens", help);
        }
        let (wanted, help) = match scope.deadline {
            Some(_) => ("timeout", "add `on timeout => …`"),
            None => ("fail", "add `on fail e => …`"),
        };
        if self.diagnostics.len() == errors
            && !scope.outcomes.is_empty()
            && !scope.outcomes.iter().any(|arm| self.text(arm.outcome.symbol) == wanted)
        {
            let text = format!("this `{}` has no `on {wanted}`", scope_word(scope));
            self.report("E0424", word, text, "what happens then?", help);
        }
    }

    /// The roles a scope names anywhere, and its owner: those that can take part in it.
    fn mentioned(&self, scope: &ast::Scope, owner: Option<RoleId>) -> Vec<RoleId> {
        let mut roles: Vec<RoleId> = owner.into_iter().collect();
        let mut blocks: Vec<&ast::Block> = scope.outcomes.iter().map(|arm| &arm.body).chain([&scope.body]).collect();
        let ast = self.ast();
        while let Some(block) = blocks.pop() {
            for id in &block.stmts {
                let kind = &ast.stmt(*id).kind;
                if let ast::StmtKind::Message { to: ast::Target::Others(_), .. } = kind {
                    roles.extend(self.all_roles());
                }
                kind.each_role(&mut |role| roles.extend(self.roles_named(role)));
                kind.each_block(&mut |block| blocks.push(block));
            }
        }
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The roles a reference can stand for, whatever its index: those of its name.
    fn roles_named(&self, role: ast::RoleRef) -> Vec<RoleId> {
        match role_set(self.names, self.module, role.name.symbol) {
            Some(set) => {
                set.iter().filter_map(|role| self.members.get(&role.name.symbol)).flat_map(Member::roles).collect()
            }
            None => self.members.get(&role.name.symbol).into_iter().flat_map(Member::roles).collect(),
        }
    }
}

/// Length of `timeout` and `attempt`.
const SCOPE_WORD: u32 = 7;

fn scope_word(scope: &ast::Scope) -> &'static str {
    if scope.deadline.is_some() { "timeout" } else { "attempt" }
}
