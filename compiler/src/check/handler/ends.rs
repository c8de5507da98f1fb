//! The last statements of a block: where its value is.

use tell_language::ast::{Ast, Block, Step, StmtKind};
use tell_language::span::Span;

/// How a way through a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `result e`
    Result(Span),
    /// An expression as a statement.
    Value(Span),
    /// Control does not come to the end: `continue`, `resume e`, `pass`, `leave v`, `throw e`.
    Left,
    /// Another statement.
    Other(Span),
    /// No statement at all.
    Nothing(Span),
}

/// The ends of all ways through a block. Nesting is bounded by the parser.
pub(super) fn ends(ast: &Ast, block: &Block) -> Vec<End> {
    let mut found = Vec::new();
    collect(ast, block, &mut found);
    found
}

fn collect(ast: &Ast, block: &Block, found: &mut Vec<End>) {
    let Some(last) = block.stmts.last() else { return found.push(End::Nothing(block.span)) };
    let stmt = ast.stmt(*last);
    match &stmt.kind {
        StmtKind::If { then, els, .. } => {
            collect(ast, then, found);
            match els {
                Some(els) => collect(ast, els, found),
                None => found.push(End::Nothing(stmt.span)),
            }
        }
        StmtKind::Case { arms, .. } => arms.iter().for_each(|arm| collect(ast, &arm.body, found)),
        StmtKind::Choice { arms, .. } => arms.iter().for_each(|arm| collect(ast, &arm.body, found)),
        StmtKind::Let { body: Some(body), .. } => collect(ast, body, found),
        StmtKind::Continue { .. } => found.push(End::Left),
        StmtKind::Value(_) => found.push(End::Value(stmt.span)),
        StmtKind::Step(step) => found.push(match **step {
            Step::Result(_) => End::Result(stmt.span),
            Step::Resume(_) | Step::Pass | Step::Leave(_) | Step::Throw(_) => End::Left,
            _ => End::Other(stmt.span),
        }),
        _ => found.push(End::Other(stmt.span)),
    }
}
