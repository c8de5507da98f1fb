//! What must hold of a choreography before it is projected: loops communicate, choices are opened by their decider.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::project::{nesting, never_reached};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use tell_ir::implementable::Nesting;
use tell_ir::implementable::overlap::{self, Overlap};
use tell_ir::implementable::silent::silent_rounds;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// Reports every place where the structure is wrong.
pub(super) fn check(graph: &Graph) -> Vec<Diagnostic> {
    let nesting = nesting(graph);
    let mut diagnostics = Vec::new();
    silent_rounds(graph, &nesting, &mut |node| diagnostics.push(silent_loop(graph, node)));
    diagnostics.extend(overlaps(graph, &nesting));
    if diagnostics.is_empty() {
        diagnostics.extend(never_reached(graph, nesting));
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

/// Pairs of roles that communicate in two branches of a `par`.
fn overlaps(graph: &Graph, nesting: &Nesting) -> Vec<Diagnostic> {
    let mut found = overlap::overlaps(graph, nesting);
    // One for each branch.
    found.dedup_by_key(|overlap| (overlap.par, overlap.second.way));
    let span = |node: NodeId| graph.node(node).span;
    let places = |overlap: &Overlap| [span(overlap.first.node), span(overlap.second.node), span(overlap.par).head(3)];
    found.iter().map(|overlap| overlapping(graph, overlap.channel, places(overlap))).collect()
}

fn overlapping(graph: &Graph, (from, to): (Role, Role), [first, second, par]: [Span; 3]) -> Diagnostic {
    let name = |role: Role| &graph.roles[role as usize];
    let (from, to) = (name(from), name(to));
    Diagnostic::new(Code("E0422"), format!("two branches of this `par` send from `{from}` to `{to}`"))
        .label(graph.file, second, "in this branch")
        .label(graph.file, first, "and in this one")
        .label(graph.file, par, "whose branches run side by side")
        .help(format!("put all messages from `{from}` to `{to}` into one branch: their order would be open"))
}

fn silent_loop(graph: &Graph, head: NodeId) -> Diagnostic {
    let span = graph.node(head).span;
    let word = span.head(4);
    Diagnostic::new(Code("E0413"), "this repeats without any communication")
        .label(graph.file, word, "a round of this can pass without a message")
        .help("send a message in every round, before it starts again")
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
            let (from, to, branches) = match &graph.node(id).kind {
                NodeKind::Comm { from, to, branches } => (from, to, branches),
                NodeKind::Par { branches, .. } => {
                    todo.extend(branches);
                    continue;
                }
                // Going in is an action of its own; who could not know of it is found by the projection.
                NodeKind::Timed { .. } => continue,
                _ => {
                    todo.extend(graph.successors(id));
                    continue;
                }
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
