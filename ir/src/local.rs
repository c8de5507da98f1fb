//! Local types: what one role does, as a tree with binders (PROJECTION §1).
//!
//! Same arena discipline as [`crate::global`].

use crate::sort::Label;

/// Index into [`LocalType::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// The local type of one role; partners are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalType {
    /// The arena.
    pub nodes: Vec<LocalNode>,
    /// The whole type.
    pub root: LocalId,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalNode {
    /// `end`
    End,
    /// A recursion variable.
    Var(String),
    /// `μX.T`
    Rec(String, LocalId),
    /// `B!{L(S).T, …}`
    Send(String, Vec<(Label, LocalId)>),
    /// `B?{L(S).T, …}`
    Recv(String, Vec<(Label, LocalId)>),
    /// Sends towards several partners (extension `send_any`): partner, label, continuation.
    SendAny(Vec<(String, Label, LocalId)>),
    /// Receives from several partners (extension `recv_any`).
    RecvAny(Vec<(String, Label, LocalId)>),
    /// A decision taken without a message (extension `case`): arm name, continuation.
    Case(Vec<(String, LocalId)>),
    /// Branches side by side and what follows when all are over (extension `par`).
    Par {
        /// The branches.
        branches: Vec<LocalId>,
        /// What follows their join.
        then: LocalId,
    },
    /// A scope with outcomes the role takes part in (extension `timed`).
    Timed {
        /// The role that decides the outcome.
        owner: String,
        /// The body.
        body: LocalId,
        /// Outcome name and its block.
        outcomes: Vec<(String, LocalId)>,
        /// What follows.
        then: LocalId,
    },
}

impl LocalNode {
    /// The nodes directly below, in text order.
    #[must_use]
    pub fn children(&self) -> Vec<LocalId> {
        match self {
            Self::End | Self::Var(_) => Vec::new(),
            Self::Rec(_, body) => vec![*body],
            Self::Send(_, rows) | Self::Recv(_, rows) => rows.iter().map(|(_, then)| *then).collect(),
            Self::SendAny(rows) | Self::RecvAny(rows) => rows.iter().map(|(_, _, then)| *then).collect(),
            Self::Case(arms) => arms.iter().map(|(_, then)| *then).collect(),
            Self::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
            Self::Timed { body, outcomes, then, .. } => {
                [*body].into_iter().chain(outcomes.iter().map(|(_, block)| *block)).chain([*then]).collect()
            }
        }
    }

    /// [`LocalNode::children`], to change them.
    pub fn children_mut(&mut self) -> Vec<&mut LocalId> {
        match self {
            Self::End | Self::Var(_) => Vec::new(),
            Self::Rec(_, body) => vec![body],
            Self::Send(_, rows) | Self::Recv(_, rows) => rows.iter_mut().map(|(_, then)| then).collect(),
            Self::SendAny(rows) | Self::RecvAny(rows) => rows.iter_mut().map(|(_, _, then)| then).collect(),
            Self::Case(arms) => arms.iter_mut().map(|(_, then)| then).collect(),
            Self::Par { branches, then } => branches.iter_mut().chain([then]).collect(),
            Self::Timed { body, outcomes, then, .. } => {
                [body].into_iter().chain(outcomes.iter_mut().map(|(_, block)| block)).chain([then]).collect()
            }
        }
    }
}

impl LocalType {
    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: LocalId) -> &LocalNode {
        &self.nodes[id.0 as usize]
    }
}
