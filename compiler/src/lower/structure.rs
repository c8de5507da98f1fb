//! What must hold of a choreography before it is projected: loops communicate, choices are opened by their decider.

use crate::endless::endless;
use crate::graph::{Graph, NodeId, NodeKind, Outcome, Role};
use crate::import::never_reached;
use crate::walk::depth_first;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// Reports every place where the structure is wrong.
pub(super) fn check(graph: &Graph) -> Vec<Diagnostic> {
    let mut diagnostics = silent_loops(graph);
    diagnostics.extend(overlaps(graph));
    if diagnostics.is_empty() {
        diagnostics.extend(endless(graph).map(|found| never_reached(graph, found)));
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
fn overlaps(graph: &Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, node) in (0..).map(NodeId).zip(&graph.nodes) {
        let NodeKind::Par { branches, .. } = &node.kind else { continue };
        let mut first: FxHashMap<(Role, Role), (usize, Span)> = FxHashMap::default();
        for (index, start) in branches.iter().enumerate() {
            let mut seen = FxHashSet::default();
            let mut todo = vec![*start];
            while let Some(inner) = todo.pop() {
                if matches!(graph.node(inner).kind, NodeKind::Join { of } if of == id) || !seen.insert(inner) {
                    continue;
                }
                if let NodeKind::Comm { from, to, .. } = graph.node(inner).kind {
                    let span = graph.node(inner).span;
                    let (other, place) = *first.entry((from, to)).or_insert((index, span));
                    if other != index {
                        found.push(overlapping(graph, (from, to), [place, span, node.span.head(3)]));
                        break;
                    }
                }
                todo.extend(graph.successors(inner));
            }
        }
    }
    found
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

/// Cycles on which nobody communicates.
fn silent_loops(graph: &Graph) -> Vec<Diagnostic> {
    let passes = Passes::new(graph);
    let silent = |id: u32| passes.silent(graph, NodeId(id)).into_iter().map(|next| next.0).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    let roots = reachable(graph).into_iter().map(|root| root.0);
    depth_first(graph.nodes.len(), roots, &silent, &mut |cycle| found.push(silent_loop(graph, NodeId(cycle[0].0))));
    found
}

/// Which `Par` and `Timed` can be passed without any communication.
struct Passes {
    known: FxHashMap<NodeId, bool>,
}

impl Passes {
    fn new(graph: &Graph) -> Self {
        let mut passes = Self { known: FxHashMap::default() };
        // What is inside comes later in the arena than what is around it.
        for id in (0..graph.nodes.len()).rev().map(|index| NodeId(u32::try_from(index).expect("below the node limit")))
        {
            let silent = match &graph.node(id).kind {
                NodeKind::Par { branches, .. } => branches.iter().all(|start| passes.reaches_end(graph, *start, id)),
                // Unless it is done it can be left at once, so then the body need not be silent.
                NodeKind::Timed { body, outcomes, .. } => {
                    let (done, others): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.name == "done");
                    let mut block = |outcome: &&Outcome| passes.reaches_end(graph, outcome.cont, id);
                    others.iter().any(&mut block)
                        || (done.iter().all(&mut block) && passes.reaches_end(graph, *body, id))
                }
                _ => continue,
            };
            passes.known.insert(id, silent);
        }
        passes
    }

    /// The nodes that can follow without communication.
    fn silent(&self, graph: &Graph, id: NodeId) -> Vec<NodeId> {
        match &graph.node(id).kind {
            NodeKind::Comm { .. } | NodeKind::Join { .. } => Vec::new(),
            NodeKind::Par { then, .. } | NodeKind::Timed { then, .. } => {
                self.known.get(&id).copied().unwrap_or(false).then_some(*then).into_iter().collect()
            }
            _ => graph.successors(id),
        }
    }

    /// Whether the end of a part of `of` can be reached from `start` without communication.
    fn reaches_end(&self, graph: &Graph, start: NodeId, of: NodeId) -> bool {
        let mut seen = FxHashSet::default();
        let mut todo = vec![start];
        while let Some(id) = todo.pop() {
            if matches!(graph.node(id).kind, NodeKind::Join { of: own } if own == of) {
                return true;
            }
            if seen.insert(id) {
                todo.extend(self.silent(graph, id));
            }
        }
        false
    }
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
