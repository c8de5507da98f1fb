//! Parts of a `Par` or scope that may never end, although somebody who acts in them has to act behind.
//!
//! Roles that are outside, or done with their part, do not wait for the others. So a message to somebody who stays in such
//! a part for ever would never be received. In a sequence this cannot happen: there the sender would have to know.

use super::{Control, Kind, Nesting, NodeId, PartId, Role, Sight, Skeleton};
use std::collections::BTreeMap;

/// A part that may never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endless {
    /// The `Par` or scope.
    pub node: NodeId,
    /// Who acts in it and behind.
    pub role: Role,
}

/// The first part found that may never end while one of its roles acts behind.
#[must_use]
pub fn endless(graph: &impl Control, skeleton: &Skeleton) -> Option<Endless> {
    let nesting = skeleton.nesting();
    let mut parts_of: BTreeMap<Role, Vec<PartId>> = BTreeMap::new();
    for part in endless_parts(graph, nesting) {
        skeleton.roles_in(part).iter().for_each(|role| parts_of.entry(*role).or_default().push(part));
    }
    let mut found: Option<(NodeId, PartId, Role)> = None;
    for (role, parts) in parts_of {
        let sight = Sight::new(graph, skeleton, role);
        let goes_on = |part: &PartId| sight.can_act(graph.then(nesting.part(*part).block));
        let first = parts.into_iter().filter(goes_on).map(|part| (nesting.part(part).block, part, role)).min();
        found = found.into_iter().chain(first).min();
    }
    found.map(|(node, _, role)| Endless { node, role })
}

/// Whether nobody outside can end the part. The owner of a scope leaves its body by any outcome but `done`.
fn must_end(graph: &impl Control, nesting: &Nesting, part: PartId) -> bool {
    let part = nesting.part(part);
    match graph.kind(part.block) {
        Kind::Scope { done, .. } if part.way == 0 => {
            let blocks = graph.way_count(part.block) - 2;
            blocks == usize::from(done.is_some())
        }
        _ => true,
    }
}

/// The parts in which some node leads to no end, and that nobody outside ends.
#[must_use]
pub fn endless_parts(graph: &impl Control, nesting: &Nesting) -> Vec<PartId> {
    if nesting.is_empty() {
        return Vec::new();
    }
    let numbers = 0..u32::try_from(graph.node_count()).expect("a choreography has fewer than 2^32 nodes");
    let inside: Vec<NodeId> = numbers.map(NodeId).filter(|node| nesting.of(*node).is_some()).collect();
    // Parts inside a part are passed by the way to what follows them.
    let mut before: Vec<(NodeId, NodeId)> = Vec::new();
    for node in &inside {
        graph.each_successor(*node, &mut |next| {
            if nesting.of(next) == nesting.of(*node) {
                before.push((next, *node));
            }
        });
    }
    before.sort_unstable();
    let mut ends = vec![false; graph.node_count()];
    let mut todo: Vec<NodeId> = nesting.parts().filter_map(|(_, part)| part.join).collect();
    while let Some(node) = todo.pop() {
        if !std::mem::replace(&mut ends[node.index()], true) {
            let start = before.partition_point(|(next, _)| *next < node);
            todo.extend(before[start..].iter().take_while(|(next, _)| *next == node).map(|(_, before)| *before));
        }
    }
    let mut found = vec![false; nesting.len()];
    for node in inside.iter().filter(|node| !ends[node.index()]) {
        for part in nesting.around(*node) {
            if std::mem::replace(&mut found[part.index()], true) {
                break;
            }
        }
    }
    let parts = nesting.parts().map(|(part, _)| part);
    parts.filter(|part| found[part.index()] && must_end(graph, nesting, *part)).collect()
}
