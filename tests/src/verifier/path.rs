//! Places in a role's code with what is open around them, and the ways between them.

use std::collections::{BTreeMap, BTreeSet};
use tell_ir::machine::StateId;

/// A branch or a part of a scope that is open at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Open {
    /// A branch, started by the `Spawn` there.
    Branch { spawn: usize },
    /// The body of a scope, entered by that table in that state of the machine.
    Body { table: u32, state: Option<StateId> },
    /// The block of an outcome of such a scope.
    Block { table: u32, state: Option<StateId> },
}

/// An instruction and what is open there, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pc: usize,
    pub(super) open: Vec<Open>,
}

/// How control goes from one place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// To the next instruction, or by a jump.
    On,
    /// By that row of a `Choose`.
    Row(usize),
    /// By the tag of a `Switch`.
    Tag(usize),
    /// Into a branch.
    Branch,
    /// Behind the branches of a `JoinAll`.
    Joined,
    /// From `Enter` to the block of the outcome of that row.
    Outcome(usize),
    /// From the end of a body to the block of `done`.
    Done,
    /// From `Fork`, or any place behind it, to where it is undone.
    Undone,
}

/// All places control can come to, and the ways from each.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph(pub(super) BTreeMap<Place, BTreeSet<(Way, Place)>>);

impl Graph {
    /// All places that are inside what is open.
    pub(super) fn within<'a>(&'a self, open: &'a [Open]) -> impl Iterator<Item = &'a Place> {
        self.0.keys().filter(move |place| place.open.starts_with(open))
    }
}
