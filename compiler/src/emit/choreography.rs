//! The graph without data, as the image carries it, and where each local machine is in it.
//!
//! Renamings are left out, and so is what cannot be reached; nodes are numbered as they are met from the start on, one
//! branch after the other.

use super::index;
use super::tables::Tables;
use crate::graph::{Graph, NodeId, NodeKind};
use crate::project::machine::{Kind, Machine, StateId};
use tell_ir::choreography::{Branch, Choreography, Node, Place};
use tell_ir::image::Outcome;
use tell_ir::machine::StateId as LocalState;

/// A node without a number.
const NONE: u32 = u32::MAX;

/// The numbers of the nodes that are carried.
pub(super) struct Numbers<'a> {
    graph: &'a Graph,
    /// By node of the graph.
    numbers: Vec<u32>,
    /// By number.
    nodes: Vec<NodeId>,
    /// For each scope without a block of `done`, the node that stands for its end.
    bare: Vec<(NodeId, NodeId)>,
}

impl<'a> Numbers<'a> {
    /// Numbers what can be reached.
    pub(super) fn new(graph: &'a Graph) -> Self {
        let mut numbers = Self { graph, numbers: vec![NONE; graph.nodes.len()], nodes: Vec::new(), bare: Vec::new() };
        let mut todo = vec![graph.start];
        while let Some(node) = todo.pop() {
            let node = numbers.noticed(node);
            if numbers.numbers[node.index()] != NONE {
                continue;
            }
            numbers.numbers[node.index()] = number(numbers.nodes.len());
            numbers.nodes.push(node);
            let first = todo.len();
            graph.each_successor(node, &mut |next| todo.push(next));
            todo[first..].reverse();
        }
        for node in &numbers.nodes {
            if let NodeKind::Timed { outcomes, .. } = &graph.node(*node).kind
                && outcomes.iter().all(|outcome| outcome.name != Outcome::Done.text())
            {
                let end = NodeId(number(numbers.nodes.len() + numbers.bare.len()));
                numbers.bare.push((*node, end));
            }
        }
        numbers.bare.sort_unstable();
        numbers
    }

    /// What a node stands for: behind renamings, the first that somebody could notice.
    fn noticed(&self, mut node: NodeId) -> NodeId {
        while let NodeKind::Rename { cont, .. } = self.graph.node(node).kind {
            node = cont;
        }
        node
    }

    fn of(&self, node: NodeId) -> NodeId {
        NodeId(self.numbers[self.noticed(node).index()])
    }

    /// The end of a scope without a block of `done`.
    fn bare(&self, node: NodeId) -> Option<NodeId> {
        let at = self.bare.binary_search_by_key(&node, |(scope, _)| *scope).ok()?;
        Some(self.bare[at].1)
    }

    /// The choreography.
    pub(super) fn choreography(&self, tables: &mut Tables<'_>, machines: &[Machine]) -> Choreography {
        let deciders = self.deciders(machines);
        let deciders_of = |node: NodeId| {
            let start = deciders.partition_point(|(other, _)| *other < node);
            let own = deciders[start..].iter().take_while(|(other, _)| *other == node);
            own.map(|(_, role)| *role).collect()
        };
        let nodes = self.nodes.iter().map(|node| self.node(tables, *node, &deciders_of));
        let bare = self.bare.iter().map(|(scope, end)| (end, Node::Join { of: self.of(*scope) }));
        let mut bare: Vec<_> = bare.collect();
        bare.sort_unstable_by_key(|(end, _)| **end);
        Choreography { nodes: nodes.chain(bare.into_iter().map(|(_, node)| node)).collect() }
    }

    /// The shared decisions that are taken, each with who takes it.
    fn deciders(&self, machines: &[Machine]) -> Vec<(NodeId, u16)> {
        let of = |machine: &Machine| {
            let role = index(machine.role);
            machine.decisions.iter().map(move |(_, node)| (*node, role)).collect::<Vec<_>>()
        };
        let mut all: Vec<(NodeId, u16)> = machines.iter().flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn node(&self, tables: &mut Tables<'_>, id: NodeId, deciders: &dyn Fn(NodeId) -> Vec<u16>) -> Node {
        match &self.graph.node(id).kind {
            NodeKind::End { .. } => Node::End,
            NodeKind::Comm { from, to, branches } => Node::Comm {
                from: index(*from),
                to: index(*to),
                branches: branches
                    .iter()
                    .map(|branch| Branch { label: tables.label(branch.label), target: self.of(branch.cont) })
                    .collect(),
            },
            NodeKind::Choice { decider, arms } => {
                Node::Choice { decider: index(*decider), arms: arms.iter().map(|arm| self.of(arm.cont)).collect() }
            }
            NodeKind::Case { arms, .. } => {
                Node::Case { deciders: deciders(id), arms: arms.iter().map(|arm| self.of(arm.cont)).collect() }
            }
            NodeKind::Local { role, cont, .. } => Node::Local { role: index(*role), next: self.of(*cont) },
            NodeKind::Rename { .. } => panic!("bug: renamings are not numbered"),
            NodeKind::Par { branches, then } => {
                Node::Par { branches: branches.iter().map(|next| self.of(*next)).collect(), then: self.of(*then) }
            }
            NodeKind::Timed { body, outcomes, then, .. } => {
                let block = |outcome: Outcome| {
                    let found = outcomes.iter().find(|other| other.name == outcome.text());
                    found
                        .map(|found| self.of(found.cont))
                        .or_else(|| self.bare(id).filter(|_| outcome == Outcome::Done))
                };
                let rows = Outcome::ALL.iter().filter_map(|(_, outcome)| Some((*outcome, block(*outcome)?)));
                let (body, rows, then) = (self.of(*body), rows.collect(), self.of(*then));
                Node::Scope { scope: tables.scope_of(id), body, rows, then }
            }
            NodeKind::Join { of } => Node::Join { of: self.of(*of) },
        }
    }

    /// The entries of the states of a machine, with those of the states that stand for blocks of `done` behind them.
    pub(super) fn entries(&self, machine: &Machine, done: &[(StateId, LocalState)]) -> Vec<Place> {
        let mut places = self.places(&machine.entries);
        for (state, end) in done {
            if let Kind::Scope(scope) = &machine.states[state.0 as usize].kind {
                let node = self.bare(scope.site.node).expect("a scope without a block of `done` has an end for it");
                places.push(Place { state: *end, node });
            }
        }
        places
    }

    /// Nodes of states, in the numbers of the image.
    pub(super) fn places(&self, all: &[(StateId, NodeId)]) -> Vec<Place> {
        let place = |(state, node): &(StateId, NodeId)| Place { state: LocalState(state.0), node: self.of(*node) };
        let mut places: Vec<Place> = all.iter().map(place).collect();
        if !places.is_sorted_by(|one, other| one < other) {
            places.sort_unstable();
            places.dedup();
        }
        places
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("the node limit is below 2^32")
}
