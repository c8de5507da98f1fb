//! Why a role cannot carry out its part, as data: the rule that failed and two runs that look the same to the role and
//! then demand different things (PROJECTION §4).

use super::closure::{Origin, START};
use crate::graph::{Graph, NodeId, Role};

/// The condition that a state of the role violates (PROJECTION §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What the role must do in one run is not possible in the other.
    SendValidity,
    /// In one run the role must act, in the other it must wait.
    MixedChoice,
    /// A message of another run could be taken for this one.
    ReceiveValidity,
    /// One label from one partner, two payloads.
    Signature,
    /// A value the role needs depends on a decision it does not know.
    UnknownValue,
    /// In one run the role waits within a branch of a `par` or a scope, in the other that branch is over.
    Join,
    /// The branches of the `par`s or scopes the role may be at cannot be run side by side.
    Parallel,
    /// The machine has too many states.
    TooManyStates,
    /// The role holds too many values in too many places.
    TooManyValues,
}

/// A node that was passed and which of its ways was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Passed {
    /// The node.
    pub node: NodeId,
    /// Index into [`Graph::successors`].
    pub way: usize,
}

/// A run of the choreography up to a node, and the branch of that node that is demanded there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What happened before.
    pub passed: Vec<Passed>,
    /// The node it comes to.
    pub node: NodeId,
    /// The branch of the node.
    pub branch: usize,
}

impl Run {
    /// All nodes of the run, the last one included.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.passed.iter().map(|passed| passed.node).chain([self.node])
    }

    /// The run that has not begun.
    pub(super) fn empty(graph: &Graph) -> Self {
        Self { passed: Vec::new(), node: graph.start, branch: 0 }
    }

    /// The run that an origin was reached by.
    pub(super) fn traced(graph: &Graph, origins: &[Origin], at: u32, branch: usize) -> Self {
        let node = origins[at as usize].node;
        let mut chain = Vec::new();
        let mut next = origins[at as usize];
        while next.before != START {
            let before = origins[next.before as usize];
            chain.push((Passed { node: before.node, way: next.way as usize }, next.node));
            next = before;
        }
        let mut passed = Vec::new();
        for (from, to) in chain.into_iter().rev() {
            walk(graph, from, to, &mut passed);
        }
        Self { passed, node, branch }
    }
}

/// Passes a node, and those behind it where nothing branches, up to `to`.
fn walk(graph: &Graph, from: Passed, to: NodeId, passed: &mut Vec<Passed>) {
    let mut at = from;
    loop {
        passed.push(at);
        let next = graph.successor(at.node, at.way);
        if next == to {
            return;
        }
        at = Passed { node: next, way: 0 };
    }
}

/// Why a role cannot carry out its part.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The role.
    pub role: Role,
    /// What is violated.
    pub rule: Rule,
    /// The two runs; where the rule is about one place only, both are the same.
    pub runs: [Run; 2],
    /// With [`Rule::ReceiveValidity`]: how the first run goes on while the role waits, from the message it should take
    /// to one that can overtake that, both included. Else empty.
    pub overtaking: Vec<Passed>,
}

/// Where two runs part: the last node they have in common, and the way each takes there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parting {
    pub(crate) node: NodeId,
    pub(crate) ways: [usize; 2],
    /// How many steps the runs have in common.
    pub(crate) common: usize,
}

impl Parting {
    /// Where these runs part; `None` if one is the beginning of the other.
    pub(crate) fn of([one, two]: &[Run; 2]) -> Option<Self> {
        let common = one.passed.iter().zip(&two.passed).position(|(one, two)| one != two)?;
        let (one, two) = (one.passed[common], two.passed[common]);
        (one.node == two.node).then_some(Self { node: one.node, ways: [one.way, two.way], common })
    }
}
