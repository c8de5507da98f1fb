//! Which protocols a protocol calls, innermost first.

use crate::hir::{Block, Program, ProtocolId, Stmt, StmtKind};
use rustc_hash::FxHashSet;

/// The protocol and all it calls; a callee stands before its callers, except within a circle of calls.
pub(super) fn callees_first(program: &Program, protocol: ProtocolId) -> Vec<ProtocolId> {
    let mut order = Vec::new();
    let mut seen = FxHashSet::from_iter([protocol]);
    let mut stack = vec![(protocol, callees(program, protocol))];
    while let Some((id, todo)) = stack.last_mut() {
        match todo.pop() {
            Some(callee) if seen.insert(callee) => stack.push((callee, callees(program, callee))),
            Some(_) => {}
            None => {
                order.push(*id);
                stack.pop();
            }
        }
    }
    order
}

/// The protocols called directly.
pub(crate) fn callees(program: &Program, id: ProtocolId) -> Vec<ProtocolId> {
    let mut found = Vec::new();
    statements(program, id, &mut |stmt| {
        if let StmtKind::Call { protocol, .. } = &stmt.kind {
            found.push(*protocol);
        }
    });
    found
}

/// Visits every statement of a checked protocol, in no particular order.
pub(super) fn statements(program: &Program, id: ProtocolId, visit: &mut dyn FnMut(&Stmt)) {
    let Some(body) = &program.protocol(id).body else { return };
    let mut blocks: Vec<&Block> = vec![&body.block];
    while let Some(block) = blocks.pop() {
        for stmt in &block.stmts {
            visit(stmt);
            match &stmt.kind {
                StmtKind::Choice { arms, .. } => blocks.extend(arms.iter().map(|arm| &arm.body)),
                StmtKind::Case { arms, .. } => blocks.extend(arms.iter().map(|arm| &arm.body)),
                StmtKind::Rec { body, .. } | StmtKind::Loop { body, .. } => blocks.push(body),
                StmtKind::Par { branches } => blocks.extend(branches),
                StmtKind::Scope { body, outcomes, .. } => {
                    blocks.extend([body].into_iter().chain(outcomes.iter().map(|outcome| &outcome.body)));
                }
                _ => {}
            }
        }
    }
}
