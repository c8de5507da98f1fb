//! Whether a choreography can be carried out by roles that only see what they do themselves (PROJECTION §3).
//!
//! The conditions here read control and no data, so they are there once: the compiler asks them while it projects its
//! graph, the verifier when it checks the machines of an image against the choreography it carries. Both give their
//! graph as [`Control`].
//!
//! [`Nesting`] says in which part of which `Par` or scope each node lies. Of the whole choreography are asked:
//! [`silent`] (every round communicates), [`overlap`] (branches use different channels) and [`endless`] (nothing
//! follows a part that may never end). [`Skeleton`] cuts it into segments, once for all roles; [`Sight`] says what one
//! role sees of it, and what a place demands of it ([`Demand`]). A place from which it never acts again demands nothing, and
//! any other leads to one where it acts; so an action is offered behind all places of a state (send validity) if all that
//! demand something, or nothing, demand it. Of those places is also asked which message another can overtake
//! ([`overtaken`], with the messages that can be first in their channel: [`Availability`]), and whether branches that are
//! merged get in each other's way ([`crossing`]).

mod available;
mod conditions;
pub mod endless;
mod nesting;
pub mod overlap;
mod sight;
pub mod silent;
mod skeleton;

pub use crate::choreography::NodeId;
pub use available::Availability;
pub use conditions::{Overtaken, Receive, TooMuch, crossing, overtaken};
pub use nesting::{Misplaced, Nesting, PartId};
pub use sight::{Demand, Sight, Stop};
pub use skeleton::{Segment, Skeleton};

/// A role, by its number.
pub type Role = u32;

/// What the conditions read of a choreography.
///
/// The *ways* of a node lead to what can come directly after it. Those of a `Par` are its branches, those of a scope its
/// body and its blocks; what follows comes last, for roles outside need not wait for the parts. That of a `Join` leads
/// to what follows.
pub trait Control {
    /// Number of nodes.
    fn node_count(&self) -> usize;

    /// Where it starts.
    fn start(&self) -> NodeId;

    /// What a node is.
    fn kind(&self, node: NodeId) -> Kind;

    /// Number of its ways.
    fn way_count(&self, node: NodeId) -> usize;

    /// Where one of its ways leads.
    fn successor(&self, node: NodeId, way: usize) -> NodeId;

    /// The label of a branch of a message.
    fn label(&self, node: NodeId, way: usize) -> u32;

    /// What follows a node that changes nothing but what its actors know.
    fn only_way(&self, node: NodeId) -> Option<NodeId>;

    /// Calls `visit` for what each way leads to.
    fn each_successor(&self, node: NodeId, visit: &mut dyn FnMut(NodeId)) {
        (0..self.way_count(node)).for_each(|way| visit(self.successor(node, way)));
    }

    /// What follows the parts of a `Par` or scope.
    fn then(&self, block: NodeId) -> NodeId {
        self.successor(block, self.way_count(block) - 1)
    }
}

/// The kinds of nodes, without their ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The end of the choreography.
    End,
    /// A message.
    Comm {
        /// Who sends it.
        from: Role,
        /// Who receives it.
        to: Role,
    },
    /// A choice.
    Choice {
        /// Who takes it.
        decider: Role,
    },
    /// A decision several roles take on the same data.
    Case,
    /// A local action.
    Local {
        /// Whose it is.
        role: Role,
    },
    /// Something that no role can notice.
    Pass,
    /// Branches side by side.
    Par,
    /// A scope with outcomes.
    Scope {
        /// Who decides the outcome.
        owner: Role,
        /// The way of the block of `done`.
        done: Option<usize>,
    },
    /// The end of a part.
    Join {
        /// The `Par` or scope.
        of: NodeId,
    },
}

impl Kind {
    /// Who acts at such a node: sends, receives, decides, does something locally, or owns a scope.
    pub fn actors(self) -> impl Iterator<Item = Role> {
        let (one, two) = match self {
            Self::Comm { from, to } => (Some(from), Some(to)),
            Self::Choice { decider: role } | Self::Local { role } | Self::Scope { owner: role, .. } => {
                (Some(role), None)
            }
            Self::End | Self::Case | Self::Pass | Self::Par | Self::Join { .. } => (None, None),
        };
        one.into_iter().chain(two)
    }

    /// Whether it has parts.
    #[must_use]
    pub const fn is_block(self) -> bool {
        matches!(self, Self::Par | Self::Scope { .. })
    }
}
