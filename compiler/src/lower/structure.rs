//! What must hold of a choreography before it is projected: loops communicate, choices are opened by their decider.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::walk::depth_first;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// Reports every place where the structure is wrong.
pub(super) fn check(graph: &Graph) -> Vec<Diagnostic> {
    let mut diagnostics = silent_loops(graph);
    if diagnostics.is_empty() {
        for node in &graph.nodes {
            if let NodeKind::Choice { decider, arms } = &node.kind
                && arms.iter().all(|arm| arm.name.is_some())
            {
                let starts: Vec<(NodeId, Span)> = arms.iter().map(|arm| (arm.cont, arm.span)).collect();
                openings(graph, *decider, &starts, node.span, &mut diagnostics);
            }
        }
    }
    diagnostics
}

/// Cycles on which nobody communicates.
fn silent_loops(graph: &Graph) -> Vec<Diagnostic> {
    let silent = |id: u32| match graph.node(NodeId(id)).kind {
        NodeKind::Comm { .. } => Vec::new(),
        _ => graph.successors(NodeId(id)).into_iter().map(|next| next.0).collect(),
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    let roots = reachable(graph).into_iter().map(|root| root.0);
    depth_first(graph.nodes.len(), roots, &silent, &mut |cycle| found.push(silent_loop(graph, NodeId(cycle[0].0))));
    found
}

fn silent_loop(graph: &Graph, head: NodeId) -> Diagnostic {
    let span = graph.node(head).span;
    let word = span.head(4);
    Diagnostic::new(Code("E0413"), "this repeats without any communication")
        .label(graph.file, word, "a round of this can pass without a message")
        .help("send a message in every round, before it starts again")
}

/// Nodes that can be reached from the start, each once.
fn reachable(graph: &Graph) -> Vec<NodeId> {
    let mut seen = vec![false; graph.nodes.len()];
    let mut todo = vec![graph.start];
    let mut all = Vec::new();
    while let Some(id) = todo.pop() {
        if !std::mem::replace(&mut seen[id.index()], true) {
            all.push(id);
            todo.extend(graph.successors(id));
        }
    }
    all
}

/// The branches of a choice must be opened by sends of the decider, with distinct labels towards each receiver.
fn openings(graph: &Graph, decider: Role, arms: &[(NodeId, Span)], choice: Span, diagnostics: &mut Vec<Diagnostic>) {
    let name = |role: Role| &graph.roles[role as usize];
    let mut first: IndexMap<(Role, &str), (usize, Span), FxBuildHasher> = IndexMap::default();
    let word = choice.head(6);
    for (index, (start, arm_span)) in arms.iter().enumerate() {
        let mut seen = FxHashSet::default();
        let mut todo = vec![*start];
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let NodeKind::Comm { from, to, branches } = &graph.node(id).kind else {
                todo.extend(graph.successors(id));
                continue;
            };
            if *from != decider {
                let text = format!("this branch is opened by `{}`, but `{}` decides", name(*from), name(decider));
                let diagnostic = Diagnostic::new(Code("E0415"), text)
                    .label(graph.file, graph.node(id).span, format!("`{}` sends first", name(*from)))
                    .label(graph.file, *arm_span, "in this branch")
                    .label(graph.file, word, format!("`{}` decides here", name(decider)))
                    .help(format!("let `{0}` send first, e.g. `{0} -> {1} : …`", name(decider), name(*from)));
                if !diagnostics.contains(&diagnostic) {
                    diagnostics.push(diagnostic);
                }
                break;
            }
            for branch in branches {
                let label = graph.labels[branch.label as usize].name.as_str();
                let (other, span) = *first.entry((*to, label)).or_insert((index, branch.span));
                if other != index {
                    let text = format!("two branches send `{label}` to `{}` first", name(*to));
                    let diagnostic = Diagnostic::new(Code("E0418"), text)
                        .label(graph.file, branch.span, "again here")
                        .label(graph.file, span, "first here")
                        .help("rename one of them: the label tells the branches apart");
                    diagnostics.push(diagnostic);
                }
            }
        }
    }
}
