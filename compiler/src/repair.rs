//! Repairs: a small change that makes a rejected choreography implementable, checked before it is proposed
//! (PROJECTION §4).
//!
//! A rejection shows two runs that a role confuses. [`candidates`] are messages that tell it which one it is in, where
//! the runs part or just before it has to act, and new labels for messages it would mix up. Each is tried on the graph;
//! what repairs everything is offered to the caller, who writes it down ([`mod@write`]) and checks the text.

mod candidates;
#[cfg(test)]
mod tests;
pub mod write;

use crate::graph::{Branch, Graph, Label, NodeId, NodeKind, Role};
use crate::hir::Program;
use crate::project::rejection::{Passed, Rejection, Rule, Run};
use crate::project::{Limits, project};
use candidates::Candidates;
use tell_ir::sort::Sort;
use tell_language::span::Span;

/// Changes that together make a choreography implementable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// The changes, in the order they were found.
    pub edits: Vec<Edit>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A new message without payload.
    Tell {
        /// The way it stands on.
        at: Passed,
        /// Its sender.
        from: Role,
        /// Its receiver.
        to: Role,
        /// Its label.
        label: String,
    },
    /// Another label.
    Rename {
        /// The message.
        node: NodeId,
        /// The branch of the message.
        branch: usize,
        /// Its new label.
        label: String,
    },
}

/// Largest choreography that is searched, in nodes.
const MAX_NODES: usize = 5_000;

/// Most steps a repair is put together from.
const MAX_STEPS: usize = 6;

/// Most states of a role that are made to try a candidate.
const MAX_STATES: usize = 50_000;

/// Whether a repair can be written down, and leaves at most so many warnings then.
pub type Accept<'a> = dyn Fn(&Repair, usize) -> bool + 'a;

/// A choreography for which a repair is searched.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Its declarations.
    pub program: &'a Program,
    /// The choreography.
    pub graph: &'a Graph,
    /// Limits of its projection.
    pub limits: Limits,
    /// Has the last word.
    pub accept: &'a Accept<'a>,
}

/// A candidate that was tried.
struct Tried {
    edits: Vec<Edit>,
    graph: Graph,
    /// What is still rejected.
    left: Vec<Rejection>,
    warnings: usize,
}

impl Tried {
    /// How far it gets: less is better.
    fn score(&self) -> (usize, usize, usize) {
        (self.left.len(), self.warnings, self.edits.len())
    }
}

impl Search<'_> {
    /// A repair that leaves nothing rejected; the smallest one found.
    #[must_use]
    pub fn repair(&self, rejections: &[Rejection]) -> Option<Repair> {
        if self.graph.nodes.len() > MAX_NODES {
            return None;
        }
        let mut graph = self.graph.clone();
        let mut rejections = rejections.to_vec();
        let mut repair = Repair::default();
        for _ in 0..MAX_STEPS {
            let tried = self.tried(&graph, rejections.first()?);
            for Tried { edits, warnings, .. } in tried.iter().filter(|tried| tried.left.is_empty()) {
                let whole = Repair { edits: [repair.edits.as_slice(), edits].concat() };
                if (self.accept)(&whole, *warnings) {
                    return Some(self.without_needless(whole, *warnings));
                }
            }
            let goes_on = |left: &[Rejection]| {
                left.first().is_some_and(|next| left.len() < rejections.len() || !same(next, &rejections[0]))
            };
            let best = tried.into_iter().find(|tried| goes_on(&tried.left))?;
            repair.edits.extend(best.edits);
            (graph, rejections) = (best.graph, best.left);
        }
        None
    }

    /// Changes after which a role that may wait for ever need not, and nobody else may who did not before. `warnings`
    /// is how many there are now.
    #[must_use]
    pub fn news(&self, role: Role, runs: &[Run; 2], warnings: usize) -> Option<Repair> {
        if self.graph.nodes.len() > MAX_NODES {
            return None;
        }
        let confused = Rejection { role, rule: Rule::SendValidity, runs: runs.clone(), overtaking: Vec::new() };
        let tried = self.tried(self.graph, &confused).into_iter();
        let mut better = tried.filter(|tried| tried.left.is_empty() && tried.warnings < warnings);
        better.find_map(|tried| {
            let repair = Repair { edits: tried.edits };
            (self.accept)(&repair, tried.warnings).then_some(repair)
        })
    }

    /// All candidates for a rejection, the best first; of equal ones the first candidate.
    fn tried(&self, graph: &Graph, rejection: &Rejection) -> Vec<Tried> {
        let candidates = Candidates { program: self.program, graph, rejection }.all().into_iter();
        let mut tried: Vec<Tried> = candidates.filter_map(|edits| self.attempt(graph, edits)).collect();
        tried.sort_by_key(Tried::score);
        tried
    }

    fn attempt(&self, graph: &Graph, edits: Vec<Edit>) -> Option<Tried> {
        let mut graph = graph.clone();
        if !edits.iter().all(|edit| apply(&mut graph, edit)) {
            return None;
        }
        let limits = Limits { projection_states: self.limits.projection_states.min(MAX_STATES), ..self.limits };
        let (left, warnings) = match project(self.program, &graph, limits) {
            Ok(projection) => (Vec::new(), projection.warnings.len()),
            Err(left) => (left, 0),
        };
        Some(Tried { edits, graph, left, warnings })
    }

    /// The repair without the edits that it does as well without.
    fn without_needless(&self, mut repair: Repair, warnings: usize) -> Repair {
        for index in (0..repair.edits.len()).rev() {
            let mut less = repair.clone();
            less.edits.remove(index);
            let does_as_well = !less.edits.is_empty()
                && self
                    .attempt(self.graph, less.edits.clone())
                    .is_some_and(|tried| tried.left.is_empty() && tried.warnings <= warnings)
                && (self.accept)(&less, warnings);
            if does_as_well {
                repair = less;
            }
        }
        repair
    }
}

fn same(one: &Rejection, other: &Rejection) -> bool {
    let places = |rejection: &Rejection| rejection.runs.each_ref().map(|run| (run.node, run.branch));
    (one.role, one.rule, places(one)) == (other.role, other.rule, places(other))
}

/// Makes a change; `false` if it cannot be made there.
fn apply(graph: &mut Graph, edit: &Edit) -> bool {
    match edit {
        Edit::Tell { at, from, to, label } => {
            let label = graph.label(Label { name: label.clone(), fields: Vec::new(), sort: Sort::Unit });
            let Some(cont) =
                graph.nodes.get(at.node.index()).and_then(|_| graph.successors(at.node).get(at.way).copied())
            else {
                return false;
            };
            let nowhere = Span::default();
            let branches = vec![Branch { label, fields: Vec::new(), cont, span: nowhere, next: nowhere }];
            let message = graph.add(NodeKind::Comm { from: *from, to: *to, branches }, nowhere);
            graph.set_successor(at.node, at.way, message);
            true
        }
        Edit::Rename { node, branch, label } => {
            let Some(NodeKind::Comm { branches, .. }) = graph.nodes.get(node.index()).map(|node| &node.kind) else {
                return false;
            };
            let renamed = Label { name: label.clone(), ..graph.labels[branches[*branch].label as usize].clone() };
            let label = graph.label(renamed);
            let NodeKind::Comm { branches, .. } = &mut graph.nodes[node.index()].kind else { return false };
            branches[*branch].label = label;
            true
        }
    }
}
