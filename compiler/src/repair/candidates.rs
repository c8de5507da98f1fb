//! What could repair a rejection.

use super::Edit;
use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use crate::project::rejection::{Parting, Passed, Rejection, Rule, Run};
use crate::ways::{self, Way};
use std::cmp::Reverse;

/// The candidates for one rejection.
pub(super) struct Candidates<'a> {
    pub(super) program: &'a Program,
    pub(super) graph: &'a Graph,
    pub(super) rejection: &'a Rejection,
}

/// Somebody who knows which way is taken, and from where on.
#[derive(Clone, Copy)]
struct Teller {
    role: Role,
    at: Passed,
}

impl Candidates<'_> {
    /// All of them, small changes first; of equal size, those by whom the role hears already.
    pub(super) fn all(&self) -> Vec<Vec<Edit>> {
        let runs = &self.rejection.runs;
        let parting = Parting::of(runs);
        let mut all: Vec<Vec<Edit>> = self.renamings(parting).into_iter().map(|edit| vec![edit]).collect();
        let Some(parting) = parting else { return all };
        let Parting { node, ways: [one, other], .. } = parting;
        let mut single = [self.told(node, &[one]), self.told(node, &[other])].concat();
        single.sort_by_key(|edits| self.order(edits));
        all.extend(single);
        all.extend(self.told(node, &[one, other]));
        let count = self.graph.successors(node).len();
        if count > 2 {
            all.extend(self.told(node, &(0..count).collect::<Vec<_>>()));
        }
        for (run, way) in runs.iter().zip(parting.ways) {
            all.extend(self.late(run, (node, way)));
        }
        all
    }

    /// Messages on each of these ways of a decision, all by one teller.
    fn told(&self, node: NodeId, ways: &[usize]) -> Vec<Vec<Edit>> {
        let tellers: Vec<Vec<Teller>> = ways.iter().map(|way| self.tellers(node, *way)).collect();
        let Some(first) = tellers.first() else { return Vec::new() };
        let by = |role: Role| -> Option<Vec<Edit>> {
            let told = ways.iter().zip(&tellers).map(|(way, tellers)| {
                let teller = tellers.iter().find(|teller| teller.role == role)?;
                Some(self.tell(*teller, (node, *way)))
            });
            Some(told.collect::<Option<Vec<_>>>()?.concat())
        };
        let mut all: Vec<Vec<Edit>> = first.iter().filter_map(|teller| by(teller.role)).collect();
        all.sort_by_key(|edits| self.order(edits));
        all
    }

    /// Who knows that this way of a decision is taken: those who decide; and who hears of it first, if the role hears
    /// from it already.
    fn tellers(&self, node: NodeId, way: usize) -> Vec<Teller> {
        let at = Passed { node, way };
        let deciders = self.deciders(node);
        let mut tellers: Vec<Teller> = deciders.iter().map(|role| Teller { role: *role, at }).collect();
        if let Some(next) = self.graph.successors(node).get(way)
            && let NodeKind::Comm { from, to, branches } = &self.graph.node(*next).kind
            && branches.len() == 1
            && deciders.contains(from)
            && !deciders.contains(to)
            && self.speaks(*to)
        {
            tellers.push(Teller { role: *to, at: Passed { node: *next, way: 0 } });
        }
        tellers.retain(|teller| teller.role != self.rejection.role);
        tellers
    }

    /// Who knows at once which way of a node is taken.
    fn deciders(&self, node: NodeId) -> Vec<Role> {
        match &self.graph.node(node).kind {
            NodeKind::Comm { branches, .. } if branches.len() == 1 => Vec::new(),
            NodeKind::Comm { from, to, .. } => vec![*from, *to],
            NodeKind::Choice { decider, .. } => vec![*decider],
            NodeKind::Case { deciders, .. } => deciders.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Better first: by whom the role hears already, and of these who decides, since others are told themselves.
    fn order(&self, edits: &[Edit]) -> (bool, bool) {
        let is_heard = |edit: &Edit| matches!(edit, Edit::Tell { from, .. } if self.speaks(*from));
        let decides = |edit: &Edit| match edit {
            Edit::Tell { at, from, .. } => self.deciders(at.node).first() == Some(from),
            Edit::Rename { .. } => false,
        };
        (!edits.iter().all(is_heard), !edits.iter().all(decides))
    }

    /// Whether the role hears from another one somewhere.
    fn speaks(&self, teller: Role) -> bool {
        self.graph.nodes.iter().any(
            |node| matches!(node.kind, NodeKind::Comm { from, to, .. } if (from, to) == (teller, self.rejection.role)),
        )
    }

    /// A message just before the role has to act: by who spoke last, and by who decided.
    fn late(&self, run: &Run, decision: (NodeId, usize)) -> Vec<Vec<Edit>> {
        let is_step = |passed: &&Passed| !matches!(self.graph.node(passed.node).kind, NodeKind::Rename { .. });
        let Some(last) = run.passed.iter().rev().find(is_step) else { return Vec::new() };
        let speakers = run.passed.iter().rev().find_map(|passed| match &self.graph.node(passed.node).kind {
            NodeKind::Comm { from, to, .. } => Some([*to, *from]),
            _ => None,
        });
        let deciders = self.tellers(decision.0, decision.1).into_iter().map(|teller| teller.role);
        let mut roles: Vec<Role> = speakers.into_iter().flatten().chain(deciders).collect();
        roles.retain(|role| *role != self.rejection.role);
        roles.dedup();
        let innermost = self.innermost(run, *last).unwrap_or(decision);
        roles.into_iter().map(|role| self.tell(Teller { role, at: *last }, innermost)).collect()
    }

    /// The innermost decision of a run around a place in it.
    fn innermost(&self, run: &Run, at: Passed) -> Option<(NodeId, usize)> {
        let place = self.graph.node(at.node).span;
        let decision = run.passed.iter().rev().find(|passed| {
            let node = self.graph.node(passed.node);
            let decides = matches!(node.kind, NodeKind::Choice { .. } | NodeKind::Case { .. });
            decides && node.span.start <= place.start && place.end <= node.span.end
        })?;
        Some((decision.node, decision.way))
    }

    /// The message that tells the role which way was taken at a decision; in all places in the graph that are one in the
    /// text.
    fn tell(&self, Teller { role: from, at }: Teller, (node, way): (NodeId, usize)) -> Vec<Edit> {
        let to = self.rejection.role;
        let label = self.fresh(Way::of(self.program, self.graph, node, way).label(), (from, to));
        let nodes = [at.node].into_iter().chain(self.twin(at.node));
        let tell = |node| Edit::Tell { at: Passed { node, way: at.way }, from, to, label: label.clone() };
        nodes.map(tell).collect()
    }

    /// A loop with a computed number of rounds decides before the first round and before the others: the other decision.
    fn twin(&self, node: NodeId) -> Option<NodeId> {
        if !ways::is_loop(self.graph, node) {
            return None;
        }
        let (span, ways) = (self.graph.node(node).span, self.graph.successors(node));
        let nodes = (0..).map(NodeId).take(self.graph.nodes.len());
        let mut others = nodes.filter(|other| *other != node && self.graph.node(*other).span == span);
        others.find(|other| ways::is_loop(self.graph, *other) && self.graph.successors(*other) == ways)
    }

    /// New labels for messages the role mixes up: named after the way they are on, that of the later one first.
    fn renamings(&self, parting: Option<Parting>) -> Vec<Edit> {
        let runs = &self.rejection.runs;
        let messages = match self.rejection.rule {
            Rule::ReceiveValidity | Rule::Signature => runs.each_ref().map(|run| Some((run.node, run.branch))),
            _ => self.heard_last(parting).map_or([None; 2], |heard| heard.map(Some)),
        };
        let way = |index: usize| {
            parting.map(|parting| Way::of(self.program, self.graph, parting.node, parting.ways[index]).label())
        };
        let renamed = |index: usize| {
            let (node, branch) = messages[index].map(|(node, branch)| self.graph.message(node, branch))?;
            let NodeKind::Comm { from, to, branches } = &self.graph.node(node).kind else { return None };
            let old = &self.graph.labels[branches[branch].label as usize].name;
            let is_misnamed = way(1 - index).as_ref() == Some(old);
            let own = way(index).unwrap_or_default();
            let name = if is_misnamed { own } else { format!("{old}{own}") };
            let label = self.fresh(name, (*from, *to));
            Some(((!is_misnamed, Reverse(branches[branch].span)), Edit::Rename { node, branch, label }))
        };
        let mut all: Vec<_> = [0, 1].into_iter().filter_map(renamed).collect();
        all.sort_by_key(|(order, _)| *order);
        all.into_iter().map(|(_, edit)| edit).collect()
    }

    /// The last message the role receives in each run before it has to act, if they are different messages that look the
    /// same to it and come after the runs part.
    fn heard_last(&self, parting: Option<Parting>) -> Option<[(NodeId, usize); 2]> {
        let common = parting?.common;
        let heard = |run: &Run| {
            let own = run.passed.get(common..)?.iter().rev().find_map(|passed| {
                let NodeKind::Comm { from, to, branches } = &self.graph.node(passed.node).kind else { return None };
                let label = branches.get(passed.way)?.label;
                (*to == self.rejection.role).then_some((*passed, *from, label))
            })?;
            Some(own)
        };
        let [one, other] = &self.rejection.runs;
        let (one, other) = (heard(one)?, heard(other)?);
        let looks_the_same = one.0 != other.0 && (one.1, one.2) == (other.1, other.2);
        looks_the_same.then_some([(one.0.node, one.0.way), (other.0.node, other.0.way)])
    }

    /// The name, numbered if these two use it already.
    fn fresh(&self, name: String, channel: (Role, Role)) -> String {
        let used = |label: &str| {
            self.graph.nodes.iter().any(|node| match &node.kind {
                NodeKind::Comm { from, to, branches } if (*from, *to) == channel => {
                    branches.iter().any(|branch| self.graph.labels[branch.label as usize].name == label)
                }
                _ => false,
            })
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !used(name)).expect("there are endlessly many")
    }
}
