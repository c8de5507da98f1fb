//! `par` and scopes: parts that end in a `Join` of their own.

use super::{Context, Lowering};
use crate::graph::{NodeId, NodeKind, Outcome};
use crate::hir::{Block, Stmt, StmtKind};
use tell_language::span::Span;

impl<'a> Lowering<'a> {
    pub(super) fn par(&mut self, context: &mut Context<'a>, branches: &'a [Block], span: Span, cont: NodeId) -> NodeId {
        let of = self.add(NodeKind::Par { branches: Vec::new(), then: cont }, span);
        let starts = branches.iter().map(|branch| self.part(context, branch, of)).collect();
        self.graph.nodes[of.index()].kind = NodeKind::Par { branches: starts, then: cont };
        of
    }

    /// A part of `of`, up to its end.
    fn part(&mut self, context: &mut Context<'a>, block: &'a Block, of: NodeId) -> NodeId {
        let end = self.add(NodeKind::Join { of }, end_of(block));
        self.block(context, block, end)
    }

    /// A scope with outcomes.
    ///
    /// # Panics
    /// If the statement is none.
    pub(super) fn scope(&mut self, context: &mut Context<'a>, stmt: &'a Stmt, cont: NodeId) -> NodeId {
        let StmtKind::Scope { owner, deadline, body, outcomes, joins } = &stmt.kind else {
            panic!("bug: only scopes are lowered here")
        };
        let of = self.add(NodeKind::Par { branches: Vec::new(), then: cont }, stmt.span);
        let start = self.part(context, body, of);
        let mut lowered = Vec::new();
        for (index, outcome) in outcomes.iter().enumerate() {
            let end = self.add(NodeKind::Join { of }, end_of(&outcome.body));
            let end = self.joined(context, joins, index, end, outcome.span);
            let cont = self.block(context, &outcome.body, end);
            let bind = outcome.bind.map(|var| self.var(context, var));
            lowered.push(Outcome { name: outcome.kind.text().to_owned(), bind, cont });
        }
        let owner = self.role(context, *owner);
        let deadline = deadline.map(|deadline| Self::expr(context, deadline));
        self.graph.nodes[of.index()].kind =
            NodeKind::Timed { owner, deadline, body: start, outcomes: lowered, then: cont };
        of
    }
}

/// Where a block ends.
fn end_of(block: &Block) -> Span {
    Span::new(block.span.end.saturating_sub(1).max(block.span.start), block.span.end)
}
