//! Branches of a `Par` in which the same role sends to the same other one: the order of their messages would be open.

use super::{Control, Kind, Nesting, NodeId, Role};

/// A message in a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Which branch.
    pub way: usize,
    /// The message.
    pub node: NodeId,
}

/// Two branches of a `Par` with one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The `Par`.
    pub par: NodeId,
    /// Sender and receiver.
    pub channel: (Role, Role),
    /// A message of the first branch that uses it.
    pub first: Use,
    /// One of another.
    pub second: Use,
}

/// All branches that use a channel of an earlier one of their `Par`, ordered by `Par` and branch.
#[must_use]
pub fn overlaps(graph: &impl Control, nesting: &Nesting) -> Vec<Overlap> {
    let mut uses: Vec<(NodeId, (Role, Role), Use)> = Vec::new();
    if nesting.is_empty() {
        return Vec::new();
    }
    for node in (0..).map(NodeId).take(graph.node_count()) {
        let Kind::Comm { from, to } = graph.kind(node) else { continue };
        for part in nesting.around(node).map(|part| nesting.part(part)) {
            if graph.kind(part.block) == Kind::Par {
                uses.push((part.block, (from, to), Use { way: part.way, node }));
            }
        }
    }
    uses.sort_unstable();
    let mut found = Vec::new();
    for of_one in uses.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let (par, channel, first) = of_one[0];
        let mut last = first.way;
        for (_, _, second) in of_one {
            if second.way != last {
                last = second.way;
                found.push(Overlap { par, channel, first, second: *second });
            }
        }
    }
    found.sort_by_key(|overlap| (overlap.par, overlap.second.way));
    found
}
