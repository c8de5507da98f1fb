//! Pure global types: the erasure of a choreography, as a tree with binders (PROJECTION §1).
//!
//! Nodes live in an arena, so that a chain of a million messages neither recurses nor overflows when dropped.
//! Children have smaller indices than their parents.

use crate::sort::Label;

/// Index into [`GlobalType::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalId(pub u32);

/// A pure global type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// Names of the roles, in declaration order (or first-seen order where none are declared).
    pub roles: Vec<String>,
    /// The arena.
    pub nodes: Vec<GlobalNode>,
    /// The whole type.
    pub root: GlobalId,
}

/// One node; names of roles are indices into [`GlobalType::roles`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalNode {
    /// `end`
    End,
    /// A recursion variable.
    Var(String),
    /// `μX.G`
    Rec(String, GlobalId),
    /// `A -> B : {L(S).G, …}`
    Comm {
        /// Sender.
        sender: u32,
        /// Receiver.
        receiver: u32,
        /// Label and continuation, in text order.
        branches: Vec<(Label, GlobalId)>,
    },
    /// A choice of `decider` whose branches may go to different receivers (extension `choice`).
    Choice {
        /// The role that decides and sends.
        decider: u32,
        /// Receiver, label, continuation.
        branches: Vec<(u32, Label, GlobalId)>,
    },
    /// A decision several roles take together without a message (extension `case`).
    Case {
        /// The roles that can decide.
        deciders: Vec<u32>,
        /// Name of the arm and continuation.
        branches: Vec<(String, GlobalId)>,
    },
    /// Independent branches and what follows (extension `par`).
    Par {
        /// The branches.
        branches: Vec<GlobalId>,
        /// What follows their join.
        then: GlobalId,
    },
    /// A scope with outcomes (extension `timed`).
    Timed {
        /// The role that decides the outcome.
        owner: u32,
        /// The body.
        body: GlobalId,
        /// Outcome name and its block.
        outcomes: Vec<(String, GlobalId)>,
        /// What follows.
        then: GlobalId,
    },
}

impl GlobalNode {
    /// The nodes directly below, in text order.
    #[must_use]
    pub fn children(&self) -> Vec<GlobalId> {
        match self {
            Self::End | Self::Var(_) => Vec::new(),
            Self::Rec(_, body) => vec![*body],
            Self::Comm { branches, .. } => branches.iter().map(|(_, then)| *then).collect(),
            Self::Choice { branches, .. } => branches.iter().map(|(_, _, then)| *then).collect(),
            Self::Case { branches, .. } => branches.iter().map(|(_, then)| *then).collect(),
            Self::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
            Self::Timed { body, outcomes, then, .. } => {
                [*body].into_iter().chain(outcomes.iter().map(|(_, block)| *block)).chain([*then]).collect()
            }
        }
    }

    /// [`GlobalNode::children`], to change them.
    pub fn children_mut(&mut self) -> Vec<&mut GlobalId> {
        match self {
            Self::End | Self::Var(_) => Vec::new(),
            Self::Rec(_, body) => vec![body],
            Self::Comm { branches, .. } => branches.iter_mut().map(|(_, then)| then).collect(),
            Self::Choice { branches, .. } => branches.iter_mut().map(|(_, _, then)| then).collect(),
            Self::Case { branches, .. } => branches.iter_mut().map(|(_, then)| then).collect(),
            Self::Par { branches, then } => branches.iter_mut().chain([then]).collect(),
            Self::Timed { body, outcomes, then, .. } => {
                [body].into_iter().chain(outcomes.iter_mut().map(|(_, block)| block)).chain([then]).collect()
            }
        }
    }
}

impl GlobalType {
    /// The name of a role; `?` if there is none of that index.
    #[must_use]
    pub fn role(&self, role: u32) -> &str {
        self.roles.get(role as usize).map_or("?", String::as_str)
    }

    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: GlobalId) -> &GlobalNode {
        &self.nodes[id.0 as usize]
    }
}
