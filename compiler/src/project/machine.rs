//! The determinised machine of one role, with data: what `emit` compiles.
#![allow(missing_docs, reason = "a variant's text names its fields")]

use crate::graph::{GVar, NodeId, Role};

/// A state, index into [`Machine::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub u32);

/// A value a role holds in a state.
pub type Slot = u32;

/// A binding whose value the role cannot know in this state.
pub const UNKNOWN: Slot = u32::MAX;

/// The behaviour of one role; it starts in state 0.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The role.
    pub role: Role,
    /// The states.
    pub states: Vec<State>,
    /// The slots of the start state: a parameter or a number each.
    pub start: Values,
    /// Whether the coinductive rule would have sufficed (PROJECTION §3, ladder).
    pub is_coinductive: bool,
    /// The entries of each state: the nodes it was come to with. Ascending.
    pub entries: Vec<(StateId, NodeId)>,
    /// The nodes of the shared decisions that states take, ascending.
    pub decisions: Vec<(StateId, NodeId)>,
}

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// What the role does.
    pub kind: Kind,
    /// Number of its slots.
    pub slots: u32,
    /// The nodes the choreography can be at.
    pub nodes: Box<[NodeId]>,
    /// The innermost part it lies in.
    pub inside: Option<Inside>,
}

/// A part of a [`Kind::Par`] or [`Kind::Scope`]: its branches in order; its body, then its blocks. No state is in two
/// parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inside {
    /// The state that has the part.
    pub of: StateId,
    /// Which one it is.
    pub part: u32,
}

/// Where the value of a slot of the next state comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A slot of this state.
    Slot(Slot),
    /// The value with that number among those the action binds.
    Bound(u32),
    /// A number.
    Int(i64),
    /// A parameter of the protocol (start state only).
    Param(GVar),
    /// The binding with that number among those that are carried here: over the joins of a `Par` or scope to what follows,
    /// or out of the body of a scope to its block of `done`.
    Carried(u32),
    /// The latest value of the cell with that number in [`Scope::cells`] (blocks of outcomes other than `done` only).
    Cell(u32),
}

/// A step to another state.
#[derive(Clone, Debug)]
pub struct Step {
    /// The next state.
    pub target: StateId,
    /// For each of its slots, where the value comes from.
    pub values: Values,
}

/// Values for consecutive slots. Most steps keep most slots, so the first ones that stay the same are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    kept: u32,
    others: Box<[Value]>,
}

impl FromIterator<Value> for Values {
    fn from_iter<T: IntoIterator<Item = Value>>(values: T) -> Self {
        let mut kept = 0;
        let mut values = values.into_iter().peekable();
        while values.next_if_eq(&Value::Slot(kept)).is_some() {
            kept += 1;
        }
        Self { kept, others: values.collect() }
    }
}

impl Values {
    /// The values, slot by slot.
    pub fn iter(&self) -> impl Iterator<Item = Value> {
        (0..self.kept).map(Value::Slot).chain(self.others.iter().copied())
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept as usize + self.others.len()
    }

    /// Whether there are no slots.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every slot keeps its value and place.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.others.is_empty()
    }
}

/// What a role reads at a node: bindings and their slots, ascending by binding.
pub type Env = Box<[(GVar, Slot)]>;

/// An action with what it refers to.
#[derive(Clone, Debug)]
pub struct Site {
    /// A node where the choreography does this; its expressions are evaluated in `env`.
    pub node: NodeId,
    /// Position of the branch in a `Comm` node.
    pub branch: u32,
    /// The bindings.
    pub env: Env,
}

/// Names in scope at the end with their slots.
pub type Finals = Box<[(tell_language::symbol::Symbol, Slot)]>;

/// Actions and where each leads.
pub type Rows = Box<[(Site, Step)]>;

/// What a role does in a state.
#[derive(Clone, Debug)]
pub enum Kind {
    /// It is done; names in scope with their slots.
    End { finals: Finals },
    /// A local action; `cell` is what it binds, if a scope around it has to keep the latest value.
    Local { site: Site, step: Step, cell: Option<GVar> },
    /// Its own choice between named arms; one step per arm.
    Decide { site: Site, steps: Vec<Step> },
    /// A shared decision; one step per arm.
    Case { site: Site, steps: Vec<Step> },
    /// It sends one of these.
    Send { sends: Rows },
    /// It waits for the first of these; with `finals`, the names in scope then, the session may end instead.
    Recv { rows: Rows, finals: Option<Finals> },
    /// Its branches run side by side, each up to a `Join`; when all are over it goes on with `then`, to which the bindings
    /// `joined` are carried.
    Par { branches: Box<[Step]>, then: Box<Step>, joined: Box<[GVar]> },
    /// It takes part in a scope.
    Scope(Box<Scope>),
    /// The end of a branch of a `Par` or of a block of a `Scope`, with what it carries: numbers of [`Value::Carried`] and
    /// slots.
    Join { carried: Box<[(u32, Slot)]> },
    /// What a role that cannot tell its runs apart would have to do: any of these actions (sends, receives, local
    /// actions, decisions; a decision has one entry per arm, its arm in `site.branch`), or nothing more with
    /// `may_end`. Only in machines of rejected choreographies.
    Mixed { actions: Rows, may_end: bool },
}

/// A scope the role takes part in: its body up to a `Join`, where it waits for the outcome; then the block of the outcome
/// up to a `Join` (none if the body was done and has no block for that), then what follows.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The scope, with what its owner's deadline is computed from.
    pub site: Site,
    /// The role that decides the outcome.
    pub owner: Role,
    /// The body.
    pub body: Step,
    /// Names of outcomes and their blocks. A block of `fail` binds the kind of the failure.
    pub outcomes: Vec<(String, Step)>,
    /// What follows.
    pub then: Step,
    /// What the body carries to the block of `done`; nothing if there is none.
    pub done: Box<[GVar]>,
    /// What is carried to what follows.
    pub joined: Box<[GVar]>,
    /// The cells that keep their latest value until the scope is left, with their slots.
    pub cells: Box<[(GVar, Slot)]>,
}

impl Kind {
    /// All steps, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<&Step> {
        match self {
            Self::End { .. } | Self::Join { .. } => Vec::new(),
            Self::Par { branches, then, .. } => branches.iter().chain([&**then]).collect(),
            Self::Scope(scope) => {
                let blocks = scope.outcomes.iter().map(|(_, step)| step);
                [&scope.body].into_iter().chain(blocks).chain([&scope.then]).collect()
            }
            Self::Local { step, .. } => vec![step],
            Self::Decide { steps, .. } | Self::Case { steps, .. } => steps.iter().collect(),
            Self::Send { sends: rows } | Self::Recv { rows, .. } | Self::Mixed { actions: rows, .. } => {
                rows.iter().map(|(_, step)| step).collect()
            }
        }
    }
}
