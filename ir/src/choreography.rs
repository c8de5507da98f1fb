//! The choreography an image carries: the global graph without data.
//!
//! Recursion is a back edge, what follows a choice is there once. The local machines of the image are projections of
//! it, which the verifier checks (rules V6); for that each state of a machine has its entries, the nodes the
//! choreography can be at when the role comes to the state. [`Carried`] is what [`crate::implementable`] reads.

#![allow(missing_docs, reason = "a variant's text names its fields")]

use crate::image::{CodeImage, Outcome, Scope};
use crate::implementable::{Control, Kind, Role};
use crate::machine::StateId;
use serde::{Deserialize, Serialize};

/// A node, index into [`Choreography::nodes`] and, in the compiler, into those of its graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The index as a `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A choreography. It starts at node 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choreography {
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// What happens at one place of a choreography. Roles are indices into [`CodeImage::roles`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Node {
    /// The end of the choreography.
    End,
    /// A message; several branches are a choice of the sender.
    Comm { from: u16, to: u16, branches: Vec<Branch> },
    /// A choice of one role, which others learn of by the messages behind it.
    Choice { decider: u16, arms: Vec<NodeId> },
    /// A decision on data that the deciders share, without a message; nobody else sees it. The deciders are those that
    /// take it in some state of their machine, ascending.
    Case { deciders: Vec<u16>, arms: Vec<NodeId> },
    /// A local action.
    Local { role: u16, next: NodeId },
    /// Branches side by side, each up to its `Join`; `then` follows when all are over.
    Par { branches: Vec<NodeId>, then: NodeId },
    /// A scope with outcomes, an index into [`CodeImage::scopes`]: its body up to a `Join`, then the block of the outcome
    /// up to a `Join`, then `then`.
    Scope { scope: u32, body: NodeId, rows: Vec<(Outcome, NodeId)>, then: NodeId },
    /// The end of a branch of the `Par`, or of the body or a block of the `Scope`, at `of`.
    Join { of: NodeId },
}

/// One label of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Index into [`CodeImage::labels`].
    pub label: u16,
    /// What follows.
    pub target: NodeId,
}

/// A node the choreography can be at when a role comes to a state of its machine; of a shared decision one where it is
/// taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The state of the machine.
    pub state: StateId,
    /// The node.
    pub node: NodeId,
}

/// The places of a machine from the nodes of each state.
#[must_use]
pub fn places(of: &[&[u32]]) -> Vec<Place> {
    let of_one = |(state, nodes): (u32, &&[u32])| {
        let place = move |node: &u32| Place { state: StateId(state), node: NodeId(*node) };
        nodes.iter().map(place).collect::<Vec<_>>()
    };
    (0..).zip(of).flat_map(of_one).collect()
}

/// The choreography of an image with the scopes its nodes refer to. Indices are inside their tables (V6.1).
#[derive(Clone, Copy)]
pub struct Carried<'a> {
    /// The nodes.
    pub nodes: &'a [Node],
    /// The scopes of the image.
    pub scopes: &'a [Scope],
}

impl<'a> Carried<'a> {
    /// That of an image.
    #[must_use]
    pub fn of(image: &'a CodeImage) -> Self {
        Self { nodes: &image.choreography.nodes, scopes: &image.scopes }
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &'a Node {
        &self.nodes[id.index()]
    }
}

impl Control for Carried<'_> {
    fn node_count(&self) -> usize {
        self.nodes.len()
    }

    fn start(&self) -> NodeId {
        NodeId(0)
    }

    fn kind(&self, id: NodeId) -> Kind {
        match self.node(id) {
            Node::End => Kind::End,
            Node::Comm { from, to, .. } => Kind::Comm { from: Role::from(*from), to: Role::from(*to) },
            Node::Choice { decider, .. } => Kind::Choice { decider: Role::from(*decider) },
            Node::Case { .. } => Kind::Case,
            Node::Local { role, .. } => Kind::Local { role: Role::from(*role) },
            Node::Par { .. } => Kind::Par,
            Node::Scope { scope, rows, .. } => Kind::Scope {
                owner: Role::from(self.scopes[*scope as usize].owner),
                done: rows.iter().position(|(outcome, _)| *outcome == Outcome::Done).map(|row| row + 1),
            },
            Node::Join { of } => Kind::Join { of: *of },
        }
    }

    fn way_count(&self, id: NodeId) -> usize {
        match self.node(id) {
            Node::End => 0,
            Node::Comm { branches, .. } => branches.len(),
            Node::Choice { arms, .. } | Node::Case { arms, .. } => arms.len(),
            Node::Local { .. } | Node::Join { .. } => 1,
            Node::Par { branches, .. } => branches.len() + 1,
            Node::Scope { rows, .. } => rows.len() + 2,
        }
    }

    fn successor(&self, id: NodeId, way: usize) -> NodeId {
        match self.node(id) {
            Node::End => panic!("bug: nothing comes after an end"),
            Node::Comm { branches, .. } => branches[way].target,
            Node::Choice { arms, .. } | Node::Case { arms, .. } => arms[way],
            Node::Local { next, .. } => *next,
            Node::Par { branches, then } => branches.get(way).copied().unwrap_or(*then),
            Node::Scope { body, rows, then, .. } => match way.checked_sub(1) {
                None => *body,
                Some(row) => rows.get(row).map_or(*then, |(_, block)| *block),
            },
            Node::Join { of } => self.then(*of),
        }
    }

    fn label(&self, id: NodeId, way: usize) -> u32 {
        match self.node(id) {
            Node::Comm { branches, .. } => u32::from(branches[way].label),
            _ => panic!("bug: only a message has labels"),
        }
    }

    fn only_way(&self, id: NodeId) -> Option<NodeId> {
        match self.node(id) {
            Node::Comm { branches, .. } if branches.len() == 1 => Some(branches[0].target),
            Node::Local { next, .. } => Some(*next),
            _ => None,
        }
    }
}
