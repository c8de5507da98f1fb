//! Subtyping of local types: whether one role's behaviour can stand in for another's (PROJECTION §5).
//!
//! The order is process-oriented: `A ≤ B` says that a process of type `A` may be put where `B` is expected. A subtype
//! may *send fewer* labels and must *receive at least as many*; the order of Gay and Hole (2005) for channels is the
//! reverse. Payload sorts are invariant.
//!
//! ```text
//! sync_subtype  ⊆  async_subtype          conservative_async_subtype  ⊆  async subtyping
//! ```
//!
//! `behaviour` turns a tree with binders into a graph of states; the three relations have a file each. What holds of
//! two states at once, without reordering, is one function that all three use: `sync::heads`. Start there.

mod asynchronous;
mod behaviour;
mod conservative;
mod foresight;
mod orphan;
mod residual;
mod sync;
#[cfg(test)]
mod tests;

pub use asynchronous::async_subtype;
pub use conservative::conservative_async_subtype;
pub use sync::sync_subtype;

use behaviour::{Behaviour, Names, State};
use std::fmt;
use tell_ir::local::LocalType;

/// What was found out about `A ≤ B`. `Yes` and `No` are certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The first type can replace the second.
    Yes(Witness),
    /// It cannot.
    No(Counterexample),
    /// A limit was reached, or the relation is not defined for what was met.
    Unknown(Bound),
}

/// Why the answer is yes: a relation that contains the two types and is closed under the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Number of its pairs.
    pub pairs: usize,
}

/// Why the answer is no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// What the first type does until the two disagree, `B?m1` or `C!x` or the name of an arm.
    pub path: Vec<String>,
    /// What the first type can do then.
    pub first: String,
    /// What the second type can do then.
    pub second: String,
    /// The rule that fails.
    pub why: Why,
}

/// The rule that fails. Actions are printed as `B!label(sort)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The two heads are of different kinds.
    Heads,
    /// The first may send what the second does not.
    Sends(String),
    /// The second may receive what the first does not.
    Receives(String),
    /// The first receives from several partners and has a row the second does not have.
    Races(String),
    /// The first waits for a partner that may have nothing to say.
    Waits(String),
    /// The first never acts with a partner in this direction (`?B`, `!B`); the second has to.
    Orphan(String),
    /// The second cannot be sure to reach this action within its phase.
    Phase(String),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// More than this many pairs or configurations.
    Pairs(usize),
    /// A phase written as a tree, or the work on it, has more than this many nodes.
    Phase(usize),
    /// Reordering is looked for in types of up to this many actions.
    Size(usize),
    /// More than this many pairs of partner and direction.
    Partners(usize),
    /// Looking past what the first type overtakes is more work than this.
    Skipped(usize),
    /// Actions would have to be reordered around this.
    Outside(&'static str),
    /// Only some choices of the second type were followed, and those fail.
    Choices,
    /// Messages of this partner and direction may be skipped for ever.
    Skips(String),
}

/// A type that is none: the relations are defined for closed, guarded types with distinct labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IllFormed {
    /// Whether it is the second of the two.
    pub is_second: bool,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A variable outside a binder of its name.
    Unbound(String),
    /// A recursion that comes back without doing anything.
    Unguarded(String),
    /// A communication without branches.
    NoBranches,
    /// A label twice towards one partner.
    Duplicate(String),
    /// A node that is missing or not before its parent in the arena.
    Arena,
    /// More than this many states.
    TooLarge(usize),
}

/// The two types as graphs over the same names.
struct Question {
    names: Names,
    first: Behaviour,
    second: Behaviour,
}

impl Question {
    fn new(first: &LocalType, second: &LocalType) -> Result<Self, IllFormed> {
        let mut names = Names::default();
        let first = Behaviour::new(first, &mut names).map_err(|fault| IllFormed { is_second: false, fault })?;
        let second = Behaviour::new(second, &mut names).map_err(|fault| IllFormed { is_second: true, fault })?;
        Ok(Self { names, first, second })
    }

    /// The counterexample of two states that disagree.
    fn disagree(&self, trail: &Trail, at: usize, pair: (State, State), why: Why) -> Counterexample {
        Counterexample {
            path: trail.path(self, at),
            first: self.first.head(&self.names, pair.0),
            second: self.second.head(&self.names, pair.1),
            why,
        }
    }
}

/// Where in the first type a search is: a tree of steps, each from a state to one of its targets.
struct Trail {
    steps: Vec<(usize, State, usize)>,
}

impl Trail {
    /// The start has number 0.
    fn new() -> Self {
        Self { steps: vec![(0, 0, 0)] }
    }

    fn push(&mut self, before: usize, state: State, slot: usize) -> usize {
        self.steps.push((before, state, slot));
        self.steps.len() - 1
    }

    fn path(&self, question: &Question, mut at: usize) -> Vec<String> {
        let mut path = Vec::new();
        while at > 0 {
            let (before, state, slot) = self.steps[at];
            path.push(question.first.step(&question.names, state, slot));
            at = before;
        }
        path.reverse();
        path
    }
}

/// A partner and direction in words: `?B` is "receive from `B`".
fn spoken(class: &str) -> String {
    match (class.strip_prefix('?'), class.strip_prefix('!')) {
        (Some(partner), _) => format!("receive from `{partner}`"),
        (_, Some(partner)) => format!("send to `{partner}`"),
        _ => format!("do `{class}`"),
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heads => write!(f, "they do different things there"),
            Self::Sends(action) => write!(f, "the first may do `{action}`, the second never sends that there"),
            Self::Receives(action) => write!(f, "the second may receive `{action}`, the first does not"),
            Self::Races(action) => {
                write!(f, "the first also takes `{action}`, which may be there before what the second waits for")
            }
            Self::Waits(partner) => write!(f, "the first waits for `{partner}`, which may have to wait for it"),
            Self::Orphan(class) => write!(f, "the first may never {}, the second has to", spoken(class)),
            Self::Phase(action) => write!(f, "the second does not do `{action}` on every path of this phase"),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pairs(limit) => write!(f, "no answer within {limit} pairs"),
            Self::Phase(limit) => write!(f, "a phase with more than {limit} nodes"),
            Self::Size(limit) => write!(f, "reordering is looked for in types of at most {limit} actions"),
            Self::Partners(limit) => write!(f, "more than {limit} pairs of partner and direction"),
            Self::Skipped(limit) => write!(f, "looking past what the first overtakes takes more than {limit} steps"),
            Self::Outside(what) => write!(f, "actions would have to be reordered around {what}"),
            Self::Choices => write!(f, "not all choices of the second could be followed"),
            Self::Skips(class) => write!(f, "it may be put off for ever to {}", spoken(class)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbound(name) => write!(f, "recursion variable `{name}` is not bound"),
            Self::Unguarded(name) => write!(f, "recursion `{name}` comes back to its start without an action"),
            Self::NoBranches => write!(f, "a communication has no branches"),
            Self::Duplicate(action) => write!(f, "label `{action}` occurs twice in one choice"),
            Self::Arena => write!(f, "a node does not come before its parent"),
            Self::TooLarge(limit) => write!(f, "it has more than {limit} states"),
        }
    }
}
