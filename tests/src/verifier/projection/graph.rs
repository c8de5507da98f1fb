//! The choreography by itself: V6.1 to V6.7, and which of its parts may never end.

use super::at;
use crate::verifier::table::all_differ;
use crate::verifier::{Findings, Spot};
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::choreography::{Node, NodeId};
use tell_ir::image::{CodeImage, Outcome};

/// A branch of a `par`, or the body or a block of a scope: its node, and which of its ways leads there.
pub(super) type Part = (NodeId, usize);

/// A choreography whose ways lead to its nodes.
pub(super) struct Graph<'a> {
    pub(super) image: &'a CodeImage,
    pub(super) nodes: &'a [Node],
    /// The parts each node lies in, outermost first.
    around: BTreeMap<NodeId, Vec<Part>>,
    /// All nodes that each leads to, itself among them.
    reach: BTreeMap<NodeId, BTreeSet<NodeId>>,
    /// Who acts in each part.
    acting: BTreeMap<Part, BTreeSet<u16>>,
}

/// Who sends, receives, decides, does something locally or owns a scope at a node.
pub(super) fn actors(image: &CodeImage, node: &Node) -> Vec<u16> {
    match node {
        Node::Comm { from, to, .. } => vec![*from, *to],
        Node::Choice { decider: role, .. } | Node::Local { role, .. } => vec![*role],
        Node::Scope { scope, .. } => vec![image.scopes[*scope as usize].owner],
        Node::End | Node::Case { .. } | Node::Par { .. } | Node::Join { .. } => Vec::new(),
    }
}

impl<'a> Graph<'a> {
    /// That of an image, if it is one: V6.1 to V6.4.
    pub(super) fn of(image: &'a CodeImage, found: &mut Findings) -> Option<Self> {
        let nodes = &image.choreography.nodes;
        found.require(!nodes.is_empty(), "V6.1", Spot::of("the choreography"));
        for (number, node) in nodes.iter().enumerate() {
            let spot = Spot::entry("node", number);
            found.require(leads_to_what_is_there(image, node), "V6.1", spot);
            found.require(is_well_formed(node), "V6.2", spot);
        }
        if !found.is_clean() {
            return None;
        }
        let (around, reach, acting) = Default::default();
        let mut graph = Self { image, nodes, around, reach, acting };
        graph.place(found);
        if !found.is_clean() {
            return None;
        }
        for node in graph.all() {
            graph.reach.insert(node, follow([node], |node| graph.ways(node)));
            for role in actors(image, graph.node(node)) {
                for part in &graph.around[&node] {
                    graph.acting.entry(*part).or_default().insert(role);
                }
            }
        }
        Some(graph)
    }

    /// All nodes.
    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..).take(self.nodes.len()).map(NodeId)
    }

    pub(super) fn node(&self, node: NodeId) -> &'a Node {
        &self.nodes[node.index()]
    }

    /// What can come directly after a node; behind parts, what follows them comes last.
    pub(super) fn ways(&self, node: NodeId) -> Vec<NodeId> {
        match self.node(node) {
            Node::End => Vec::new(),
            Node::Comm { branches, .. } => branches.iter().map(|branch| branch.target).collect(),
            Node::Choice { arms, .. } | Node::Case { arms, .. } => arms.clone(),
            Node::Local { next, .. } => vec![*next],
            Node::Join { of } => vec![self.then(*of)],
            Node::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
            Node::Scope { body, rows, then, .. } => {
                [body].into_iter().chain(rows.iter().map(|row| &row.1)).chain([then]).copied().collect()
            }
        }
    }

    /// What follows the parts of a node.
    pub(super) fn then(&self, block: NodeId) -> NodeId {
        match self.node(block) {
            Node::Par { then, .. } | Node::Scope { then, .. } => *then,
            _ => block,
        }
    }

    /// The parts of a node.
    pub(super) fn parts(&self, block: NodeId) -> impl Iterator<Item = Part> + use<> {
        let count = if self.is_block(block) { self.ways(block).len() - 1 } else { 0 };
        (0..count).map(move |way| (block, way))
    }

    fn is_block(&self, node: NodeId) -> bool {
        matches!(self.node(node), Node::Par { .. } | Node::Scope { .. })
    }

    /// The parts a node lies in, outermost first.
    pub(super) fn around(&self, node: NodeId) -> &[Part] {
        self.around.get(&node).map_or(&[], Vec::as_slice)
    }

    /// All nodes in a part, however deep.
    fn within(&self, part: Part) -> impl Iterator<Item = NodeId> {
        self.all().filter(move |node| self.around(*node).contains(&part))
    }

    /// What a node leads to, itself included.
    pub(super) fn reach(&self, node: NodeId) -> &BTreeSet<NodeId> {
        &self.reach[&node]
    }

    /// Who acts in a part.
    pub(super) fn acting(&self, part: Part) -> BTreeSet<u16> {
        self.acting.get(&part).cloned().unwrap_or_default()
    }

    /// Sender and receiver of each message in a part.
    pub(super) fn channels(&self, part: Part) -> BTreeSet<(u16, u16)> {
        let channel = |node| match self.node(node) {
            Node::Comm { from, to, .. } => Some((*from, *to)),
            _ => None,
        };
        self.within(part).filter_map(channel).collect()
    }

    /// V6.3, V6.4: goes all ways, and notes which parts are begun and not ended where.
    fn place(&mut self, found: &mut Findings) {
        let mut todo = vec![(NodeId(0), Vec::new())];
        while let Some((node, around)) = todo.pop() {
            if let Some(known) = self.around.get(&node) {
                found.require(*known == around, "V6.4", at(node));
                continue;
            }
            let lies_right = match self.node(node) {
                Node::End => around.is_empty(),
                Node::Join { of } => around.last().is_some_and(|part| part.0 == *of),
                _ => true,
            };
            found.require(lies_right, "V6.4", at(node));
            let ways = self.ways(node);
            for (way, next) in ways.iter().enumerate() {
                let mut inside = around.clone();
                match self.node(node) {
                    Node::Join { .. } => _ = inside.pop(),
                    Node::Par { .. } | Node::Scope { .. } if way + 1 < ways.len() => inside.push((node, way)),
                    _ => {}
                }
                todo.push((*next, inside));
            }
            self.around.insert(node, around);
        }
        let joins = self.all().filter(|node| matches!(self.node(*node), Node::Join { .. }));
        found.require(all_differ(joins.filter_map(|join| self.around.get(&join))), "V6.4", Spot::of("the joins"));
        found.require(self.around.len() == self.nodes.len(), "V6.3", Spot::of("the nodes"));
    }

    /// V6.5 to V6.7.
    pub(super) fn check(&self, found: &mut Findings) {
        let passed = self.passed();
        for node in self.all() {
            let behind = follow(self.silently(node, &passed), |node| self.silently(node, &passed));
            found.require(!behind.contains(&node), "V6.5", at(node));
        }
        for par in self.all().filter(|node| matches!(self.node(*node), Node::Par { .. })) {
            let channels: Vec<_> = self.parts(par).map(|part| self.channels(part)).collect();
            found.require(are_apart(&channels), "V6.6", at(par));
        }
        for (number, scope) in (0..).zip(&self.image.scopes) {
            let is_it = |node: &NodeId| matches!(self.node(*node), Node::Scope { scope, .. } if *scope == number);
            let places: Vec<NodeId> = self.all().filter(is_it).collect();
            let mut roles = BTreeSet::from([scope.owner]);
            let mut outcomes = Vec::new();
            for node in &places {
                roles.extend(self.parts(*node).flat_map(|part| self.acting(part)));
                let Node::Scope { rows, .. } = self.node(*node) else { continue };
                outcomes.extend(rows.iter().map(|row| row.0));
            }
            let is_right = outcomes == scope.outcomes && roles.iter().eq(&scope.participants);
            found.require(places.len() == 1 && is_right, "V6.7", Spot::entry("scope", number as usize));
        }
    }

    /// What can follow a node before anybody communicates, in the same part. `passed` is what has parts and can be passed
    /// so.
    fn silently(&self, node: NodeId, passed: &BTreeSet<NodeId>) -> Vec<NodeId> {
        match self.node(node) {
            Node::End | Node::Comm { .. } | Node::Join { .. } => Vec::new(),
            Node::Choice { .. } | Node::Case { .. } | Node::Local { .. } => self.ways(node),
            Node::Par { then, .. } | Node::Scope { then, .. } => {
                Vec::from_iter(passed.contains(&node).then_some(*then))
            }
        }
    }

    /// The `par`s and scopes that can be passed before anybody communicates.
    fn passed(&self) -> BTreeSet<NodeId> {
        let mut passed = BTreeSet::new();
        loop {
            let more: BTreeSet<NodeId> = self.all().filter(|node| self.can_be_passed(*node, &passed)).collect();
            if more == passed {
                return passed;
            }
            passed = more;
        }
    }

    fn can_be_passed(&self, node: NodeId, passed: &BTreeSet<NodeId>) -> bool {
        let ends = |start: &NodeId| {
            let met = follow([*start], |node| self.silently(node, passed));
            met.iter().any(|node| matches!(self.node(*node), Node::Join { .. }))
        };
        match self.node(node) {
            Node::Par { branches, .. } => branches.iter().all(ends),
            // Its owner may decide on another outcome at once; `done` comes behind the body.
            Node::Scope { body, rows, .. } => {
                let at_once = rows.iter().any(|(outcome, block)| *outcome != Outcome::Done && ends(block));
                let done = rows.iter().filter(|row| row.0 == Outcome::Done).all(|(_, block)| ends(block));
                at_once || (ends(body) && done)
            }
            _ => false,
        }
    }

    /// The parts that may never end, of V6.8: somewhere inside, the end of the part there is cannot be reached, and nobody
    /// outside ends it. A body is ended by its owner, by any outcome but `done`.
    pub(super) fn endless(&self) -> BTreeSet<Part> {
        let is_stuck = |node: &NodeId| {
            let near = |node: NodeId| -> Vec<NodeId> {
                self.ways(node).into_iter().filter(|next| self.around(*next) == self.around(node)).collect()
            };
            !follow([*node], near).iter().any(|node| matches!(self.node(*node), Node::Join { .. }))
        };
        let must_end = |part: &Part| match self.node(part.0) {
            Node::Scope { rows, .. } if part.1 == 0 => rows.iter().all(|row| row.0 == Outcome::Done),
            _ => true,
        };
        let stuck = self.all().filter(is_stuck);
        stuck.flat_map(|node| self.around(node).to_vec()).filter(must_end).collect()
    }
}

/// Whether no channel is in two of these.
pub(super) fn are_apart(channels: &[BTreeSet<(u16, u16)>]) -> bool {
    let apart = |(at, one): (usize, &BTreeSet<_>)| channels[..at].iter().all(|other| one.is_disjoint(other));
    channels.iter().enumerate().all(apart)
}

/// The nodes that those lead to, step by step, and they themselves.
pub(super) fn follow(from: impl IntoIterator<Item = NodeId>, next: impl Fn(NodeId) -> Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut met = BTreeSet::new();
    let mut todo: Vec<NodeId> = from.into_iter().collect();
    while let Some(node) = todo.pop() {
        if met.insert(node) {
            todo.extend(next(node));
        }
    }
    met
}

/// V6.1
fn leads_to_what_is_there(image: &CodeImage, node: &Node) -> bool {
    let nodes = &image.choreography.nodes;
    let is_role = |role: &u16| usize::from(*role) < image.roles.len();
    let is_node = |node: &NodeId| node.index() < nodes.len();
    match node {
        Node::End => true,
        Node::Comm { from, to, branches } => {
            let is_label = |label: u16| usize::from(label) < image.labels.len();
            let mut branches = branches.iter();
            is_role(from) && is_role(to) && branches.all(|branch| is_label(branch.label) && is_node(&branch.target))
        }
        Node::Choice { decider, arms } => is_role(decider) && arms.iter().all(is_node),
        Node::Case { deciders, arms } => deciders.iter().all(is_role) && arms.iter().all(is_node),
        Node::Local { role, next } => is_role(role) && is_node(next),
        Node::Par { branches, then } => branches.iter().chain([then]).all(is_node),
        Node::Scope { scope, body, rows, then } => {
            let is_scope = (*scope as usize) < image.scopes.len();
            is_scope && rows.iter().map(|row| &row.1).chain([body, then]).all(is_node)
        }
        Node::Join { of } => matches!(nodes.get(of.index()), Some(Node::Par { .. } | Node::Scope { .. })),
    }
}

/// V6.2
fn is_well_formed(node: &Node) -> bool {
    match node {
        Node::Comm { from, to, branches } => {
            from != to && !branches.is_empty() && all_differ(branches.iter().map(|branch| branch.label))
        }
        Node::Choice { arms, .. } => !arms.is_empty(),
        Node::Case { deciders, arms } => !arms.is_empty() && deciders.is_sorted() && all_differ(deciders.iter()),
        Node::Par { branches, .. } => !branches.is_empty(),
        Node::End | Node::Local { .. } | Node::Scope { .. } | Node::Join { .. } => true,
    }
}
