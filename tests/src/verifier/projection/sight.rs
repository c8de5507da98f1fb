//! What one role notices of a choreography.

use super::graph::{Graph, Part, actors, follow};
use std::collections::BTreeSet;
use tell_ir::choreography::{Node, NodeId};
use tell_ir::image::Outcome;

/// What the role has to do at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    Send,
    Receive,
    Choose,
    Act,
    Fork,
    Enter,
    Join,
    /// It never does anything again.
    Nothing,
}

/// One role's view.
pub(super) struct Sight<'a> {
    pub(super) graph: &'a Graph<'a>,
    pub(super) role: u16,
    /// Where it acts.
    acts: BTreeSet<NodeId>,
    /// Where it can still act, there or behind.
    can_act: BTreeSet<NodeId>,
    /// Where it neither can act nor come to the end of a part it entered.
    over: BTreeSet<NodeId>,
    /// Nodes that more than one way leads to, and the start.
    meetings: BTreeSet<NodeId>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(graph: &'a Graph<'a>, role: u16) -> Self {
        let (acts, can_act, over) = Default::default();
        let mut sight = Self { graph, role, acts, can_act, over, meetings: BTreeSet::from([NodeId(0)]) };
        let all: Vec<NodeId> = graph.all().collect();
        sight.acts = all.iter().copied().filter(|node| sight.acts_at(*node)).collect();
        let leads = |node: &NodeId, to: &dyn Fn(&NodeId) -> bool| graph.reach(*node).iter().any(to);
        sight.can_act = all.iter().copied().filter(|node| leads(node, &|node| sight.acts.contains(node))).collect();
        let ends = |node: &NodeId| sight.acts.contains(node) || sight.joins(*node);
        sight.over = all.iter().copied().filter(|node| !leads(node, &ends)).collect();
        let mut met = BTreeSet::new();
        let ways = all.iter().flat_map(|node| graph.ways(*node));
        sight.meetings.extend(ways.filter(|next| !met.insert(*next)));
        sight
    }

    /// Whether it acts at a node. Who owns a scope, or acts in its block of `done`, has to come to the end of its body.
    fn acts_at(&self, node: NodeId) -> bool {
        if actors(self.graph.image, self.graph.node(node)).contains(&self.role) {
            return true;
        }
        let (Node::Join { of }, Some((_, 0))) = (self.graph.node(node), self.graph.around(node).last()) else {
            return false;
        };
        let Node::Scope { scope, rows, .. } = self.graph.node(*of) else { return false };
        let done = (1..).zip(rows).find(|(_, row)| row.0 == Outcome::Done);
        let is_owner = self.graph.image.scopes[*scope as usize].owner == self.role;
        is_owner || done.is_some_and(|(way, _)| self.graph.acting((*of, way)).contains(&self.role))
    }

    /// Whether it can act at a node or behind.
    pub(super) fn can_act(&self, node: NodeId) -> bool {
        self.can_act.contains(&node)
    }

    /// The parts of a `par` or scope it acts in.
    fn parts(&self, block: NodeId) -> Vec<Part> {
        self.graph.parts(block).filter(|part| self.graph.acting(*part).contains(&self.role)).collect()
    }

    /// Whether it notices when the node is entered.
    fn enters(&self, block: NodeId) -> bool {
        match self.graph.node(block) {
            Node::Par { .. } => self.parts(block).len() > 1,
            Node::Scope { scope, .. } => {
                self.graph.image.scopes[*scope as usize].owner == self.role || !self.parts(block).is_empty()
            }
            _ => false,
        }
    }

    /// Whether a node ends a part it entered.
    fn joins(&self, node: NodeId) -> bool {
        matches!(self.graph.node(node), Node::Join { of } if self.enters(*of))
    }

    /// The innermost part it entered around a node.
    pub(super) fn inside(&self, node: NodeId) -> Option<Part> {
        self.graph.around(node).iter().rev().find(|part| self.enters(part.0)).copied()
    }

    /// Where the role is that is at a node: what others do one after the other, where no other way comes in, it passes.
    pub(super) fn rest(&self, node: NodeId) -> NodeId {
        let on = |node: NodeId| match (self.graph.node(node), self.graph.ways(node).as_slice()) {
            (Node::Comm { .. } | Node::Local { .. }, [next]) if !self.acts.contains(&node) => {
                Some(*next).filter(|next| !self.meetings.contains(next))
            }
            _ => None,
        };
        std::iter::successors(Some(node), |node| on(*node)).last().unwrap_or(node)
    }

    /// Whether the role never does anything again from a node on.
    pub(super) fn is_over(&self, node: NodeId) -> bool {
        self.over.contains(&node)
    }

    /// Whether it is all the same at which of two nodes the role is.
    pub(super) fn is_same(&self, one: NodeId, other: NodeId) -> bool {
        let (one, other) = (self.rest(one), self.rest(other));
        one == other || (self.is_over(one) && self.is_over(other) && self.inside(one) == self.inside(other))
    }

    /// What it has to do at a node where it is; nothing if the choreography can go on without it.
    pub(super) fn demand(&self, node: NodeId) -> Option<Demand> {
        let if_own = |role: u16, demand| (role == self.role).then_some(demand);
        match self.graph.node(node) {
            _ if self.joins(node) => Some(Demand::Join),
            _ if self.is_over(node) => Some(Demand::Nothing),
            Node::End => Some(Demand::Nothing),
            Node::Comm { from, to, .. } => if_own(*from, Demand::Send).or(if_own(*to, Demand::Receive)),
            Node::Choice { decider, .. } => if_own(*decider, Demand::Choose),
            Node::Local { role, .. } => if_own(*role, Demand::Act),
            Node::Par { .. } => self.enters(node).then_some(Demand::Fork),
            Node::Scope { .. } => self.enters(node).then_some(Demand::Enter),
            Node::Case { .. } | Node::Join { .. } => None,
        }
    }

    /// What can come after a node that it does not notice. It goes through the part it acts in, and waits for no other.
    fn unseen(&self, node: NodeId) -> Vec<NodeId> {
        let ways = self.graph.ways(node);
        match self.graph.node(node) {
            Node::Par { .. } | Node::Scope { .. } => {
                let own = self.parts(node).first().map(|part| ways[part.1]);
                vec![own.unwrap_or(self.graph.then(node))]
            }
            _ => ways,
        }
    }

    /// Where it can be that comes to these nodes, and takes those decisions.
    pub(super) fn places(
        &self,
        entries: impl Iterator<Item = NodeId>,
        decisions: &BTreeSet<NodeId>,
    ) -> BTreeSet<NodeId> {
        follow(entries.map(|entry| self.rest(entry)), |node| {
            if self.demand(node).is_some() || decisions.contains(&node) {
                return Vec::new();
            }
            self.unseen(node).into_iter().map(|next| self.rest(next)).collect()
        })
    }
}
