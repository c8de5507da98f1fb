//! Who may be left waiting: a handler that leaves a region whose rest communicates needs `on abort` (EFFECTS §1,
//! *Leaving*), and a branch of a `par` inside a region reaches only clauses that resume at their end (*Self-exclusion*).
//!
//! Walks the checked body, in which every operation performed carries the number of its region.

use crate::check::Checker;
use crate::hir::surface::{ClauseShape, Handled};
use crate::hir::{Block, Guard, ProtocolId, RoleId, Stmt, StmtKind};
use tell_language::span::Span;

/// What is looked for in the body of a region.
struct Walk<'w> {
    /// Number of the region.
    index: usize,
    /// The clauses of its handler.
    clauses: &'w [ClauseShape],
    /// A clause that leaves, if there is one, for operations that reach the region indirectly.
    any: ClauseShape,
    /// Whether a call can perform the effect at the region's role.
    calls: &'w dyn Fn(ProtocolId, &[RoleId]) -> bool,
    /// Whether the handler of the region of that number can perform operations of this one.
    reaches: &'w dyn Fn(usize) -> bool,
    /// The first communication after something that can leave: where it left, and by which clause.
    found: Option<(Span, Span, Span)>,
    /// The first operation in a branch of a `par` whose clause does not resume at its end.
    in_par: Option<(Span, Span)>,
}

/// Where the region may have been left: the place of the operation and of the clause.
type Left = Option<(Span, Span)>;

impl Checker<'_> {
    /// Reports regions that peers wait for in vain. `region` is the number of the region and its role.
    pub(super) fn check_leaving(
        &mut self,
        body: &Block,
        (index, role): (usize, RoleId),
        handled: &Handled,
        has_abort: bool,
    ) {
        let effect = self.program.protocol(self.protocol).instance(index).effect;
        let program = &*self.program;
        let calls = |protocol: ProtocolId, roles: &[RoleId]| {
            roles.contains(&role) && program.protocol(protocol).uses.iter().any(|used| used.effect == effect)
        };
        let reaches = |inner: usize| self.regions.reaches(inner).contains(&index);
        let (clauses, any) = (&*handled.clauses, handled.any);
        let mut walk = Walk { index, clauses, any, calls: &calls, reaches: &reaches, found: None, in_par: None };
        walk.block(body, None, false);
        let (found, in_par) = (walk.found, walk.in_par);
        let file = self.program.modules[self.module].file;
        if let (Some((performed, clause, communication)), false) = (found, has_abort) {
            let text = "the handler can leave this region, and its rest communicates".to_owned();
            let diagnostic = self
                .diagnostic("E0524", performed, text, "left here")
                .label(file, clause, "by this clause")
                .label(file, communication, "this would never happen")
                .help("say what happens then: `on abort v => …`");
            self.diagnostics.push(diagnostic);
        }
        if let Some((performed, clause)) = in_par {
            let text = "this branch of a `par` needs a clause that resumes at its end".to_owned();
            let diagnostic = self
                .diagnostic("E0525", performed, text, "performed in a branch")
                .label(file, clause, "this does more than resume")
                .help("perform it before or behind the `par`");
            self.diagnostics.push(diagnostic);
        }
    }
}

impl Walk<'_> {
    /// Where the region may have been left behind the block.
    fn block(&mut self, block: &Block, mut left: Left, in_par: bool) -> Left {
        for stmt in &block.stmts {
            left = self.stmt(stmt, left, in_par);
        }
        left
    }

    fn blocks<'b>(&mut self, blocks: impl Iterator<Item = &'b Block>, left: Left, in_par: bool) -> Left {
        let mut behind = left;
        for block in blocks {
            let end = self.block(block, left, in_par);
            behind = behind.or(end);
        }
        behind
    }

    fn stmt(&mut self, stmt: &Stmt, left: Left, in_par: bool) -> Left {
        match &stmt.kind {
            StmtKind::Message { .. } => {
                self.communicates(stmt.span, left);
                left
            }
            StmtKind::Call { protocol, roles, .. } => {
                let performs = (self.calls)(*protocol, roles);
                let left = left.or(if performs { self.any.leaves.map(|clause| (stmt.span, clause)) } else { None });
                self.communicates(stmt.span, left);
                left
            }
            StmtKind::Perform { effect, op, .. } => self.performed(*effect, *op, stmt.span, left, in_par),
            StmtKind::Choice { arms, .. } => {
                let mut before = left;
                for arm in arms {
                    if let Some(Guard::Check { effect, op, .. }) = &arm.guard {
                        before = self.performed(*effect, *op, arm.span, before, in_par);
                    }
                }
                self.blocks(arms.iter().map(|arm| &arm.body), before, in_par)
            }
            StmtKind::Case { arms, .. } => self.blocks(arms.iter().map(|arm| &arm.body), left, in_par),
            StmtKind::Par { branches } => self.blocks(branches.iter(), left, true),
            StmtKind::Scope { body, outcomes, .. } => {
                let left = self.block(body, left, in_par);
                self.blocks(outcomes.iter().map(|outcome| &outcome.body), left, in_par)
            }
            // What is left in one round precedes the next.
            StmtKind::Rec { body, .. } | StmtKind::Loop { body, .. } => {
                let behind = self.block(body, left, in_par);
                if left.is_none() && behind.is_some() { self.block(body, behind, in_par) } else { behind }
            }
            StmtKind::Continue { .. } | StmtKind::Let { .. } | StmtKind::Assert { .. } => left,
        }
    }

    fn communicates(&mut self, span: Span, left: Left) {
        if let Some((performed, clause)) = left {
            self.found.get_or_insert((performed, clause, span));
        }
    }

    fn performed(&mut self, effect: usize, op: usize, span: Span, left: Left, in_par: bool) -> Left {
        let clause = if effect == self.index {
            self.clauses.get(op).copied().unwrap_or_default()
        } else if effect > self.index && (self.reaches)(effect) {
            self.any
        } else {
            return left;
        };
        if let (true, Some(place)) = (in_par, clause.is_not_tail) {
            self.in_par.get_or_insert((span, place));
        }
        left.or(clause.leaves.map(|clause| (span, clause)))
    }
}
