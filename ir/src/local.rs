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

impl LocalType {
    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: LocalId) -> &LocalNode {
        &self.nodes[id.0 as usize]
    }
}
