//! `W0402`: a role that can still act, while the others may stay in a loop without it.

use super::live::{Predecessors, acts};
use crate::graph::{CaseOn, Graph, NodeId, NodeKind, Role};
use tell_language::diagnostic::{Code, Diagnostic};

/// One warning per role that may starve.
pub(super) fn warnings(graph: &Graph) -> Vec<(Role, Diagnostic)> {
    let heads = loop_heads(graph);
    if heads.is_empty() {
        return Vec::new();
    }
    let predecessors = Predecessors::new(graph);
    (0..).take(graph.roles.len()).filter_map(|role| Some((role, starving(graph, &predecessors, role)?))).collect()
}

/// Nodes some back edge leads to; continuations have smaller numbers, except behind a loop's end.
fn loop_heads(graph: &Graph) -> Vec<NodeId> {
    let ids = (0..).map(NodeId).take(graph.nodes.len());
    ids.filter(|id| graph.successors(*id).iter().any(|next| next >= id)).collect()
}

fn starving(graph: &Graph, predecessors: &Predecessors, role: Role) -> Option<Diagnostic> {
    let mut can_act = vec![false; graph.nodes.len()];
    let ids = || (0..).map(NodeId).take(graph.nodes.len());
    let mut todo: Vec<NodeId> = ids().filter(|id| acts(&graph.node(*id).kind, role)).collect();
    while let Some(id) = todo.pop() {
        if !std::mem::replace(&mut can_act[id.index()], true) {
            todo.extend(predecessors.of(id));
        }
    }
    // A counted loop ends by itself; every other cycle the role takes no part in can go on for ever.
    let counted = |id: NodeId| matches!(graph.node(id).kind, NodeKind::Case { on: CaseOn::Counter(_), .. });
    let inside: Vec<bool> =
        ids().map(|id| can_act[id.index()] && !acts(&graph.node(id).kind, role) && !counted(id)).collect();
    let head = cycle(graph, &inside)?;
    let span = graph.node(head).span;
    let name = &graph.roles[role as usize];
    let word = span.head(4);
    let diagnostic = Diagnostic::new(Code("W0402"), format!("`{name}` may starve while the others repeat this"))
        .label(graph.file, word, format!("rounds of this can pass without `{name}`, which still has something to do"))
        .help(format!("let `{name}` take part in every round, or bound the loop with `loop repeat`"));
    Some(diagnostic)
}

/// A node of a cycle that stays inside, the first in text order that closes one.
fn cycle(graph: &Graph, inside: &[bool]) -> Option<NodeId> {
    let mut marks = vec![0u8; graph.nodes.len()];
    let next = |id: NodeId| graph.successors(id).into_iter().filter(|next| inside[next.index()]).collect::<Vec<_>>();
    for root in (0..).map(NodeId).take(graph.nodes.len()).filter(|id| inside[id.index()]) {
        if marks[root.index()] != 0 {
            continue;
        }
        marks[root.index()] = 1;
        let mut stack = vec![(root, next(root))];
        while let Some((id, todo)) = stack.last_mut() {
            match todo.pop() {
                None => {
                    marks[id.index()] = 2;
                    stack.pop();
                }
                Some(behind) if marks[behind.index()] == 1 => return Some(head(graph, &stack, behind)),
                Some(behind) if marks[behind.index()] == 0 => {
                    marks[behind.index()] = 1;
                    stack.push((behind, next(behind)));
                }
                Some(_) => {}
            }
        }
    }
    None
}

/// The node of the cycle on the stack whose source covers the others: the loop itself.
fn head(graph: &Graph, stack: &[(NodeId, Vec<NodeId>)], closing: NodeId) -> NodeId {
    let start = stack.iter().position(|(id, _)| *id == closing).unwrap_or(0);
    let nodes = stack[start..].iter().map(|(id, _)| *id);
    nodes.min_by_key(|id| (graph.node(*id).span.start, std::cmp::Reverse(graph.node(*id).span.end))).unwrap_or(closing)
}
