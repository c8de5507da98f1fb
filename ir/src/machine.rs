//! Local machines: the determinised behaviour of one role, as an image carries it.
//!
//! A state either communicates or moves on silently (`Tau`: a local action, a decision). The verifier walks a
//! role's code along its machine (rules V5), and checks the machine against the choreography (V6), for which it says
//! where that can be in each state; the printed local type is its unrolling.

use crate::choreography::Place;
use crate::image::Outcome;
use serde::{Deserialize, Serialize};

/// Index of a state in [`LocalMachine::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateId(pub u32);

/// The behaviour of one role. The start state is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalMachine {
    /// The states.
    pub states: Vec<State>,
    /// The entries of each state: the nodes of the choreography it can be at when the role comes there. Ascending.
    pub entries: Vec<Place>,
    /// The shared decisions that silent states take, ascending. All others are nothing the role sees.
    pub decisions: Vec<Place>,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The role is done.
    End,
    /// The role selects one of these sends.
    Send(Vec<Transition>),
    /// The role waits for the first of these that arrives; with `may_end` the session may end instead.
    Recv {
        /// What it can receive.
        rows: Vec<Transition>,
        /// Whether a run exists in which nothing more arrives (PROJECTION §3, *Finished*).
        may_end: bool,
    },
    /// A local action or decision: behind each arm, the state that is next.
    Tau(Vec<StateId>),
    /// All branches run, each for itself; behind them all, `then`.
    Par {
        /// Where each branch starts.
        branches: Vec<StateId>,
        /// The state behind them.
        then: StateId,
    },
    /// A scope with outcomes: its body runs until an outcome is decided, then the block of that outcome.
    Scope {
        /// Index into [`crate::image::CodeImage::scopes`].
        scope: u32,
        /// Where the body starts.
        body: StateId,
        /// Where the block of each outcome starts.
        rows: Vec<(Outcome, StateId)>,
        /// The state behind it.
        then: StateId,
    },
    /// The end of a branch, of a body, or of the block of an outcome.
    Join,
}

/// A communication and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transition {
    /// Role at the other end, an index into [`crate::image::CodeImage::roles`].
    pub partner: u16,
    /// Index into [`crate::image::CodeImage::labels`].
    pub label: u16,
    /// The state afterwards.
    pub target: StateId,
}
