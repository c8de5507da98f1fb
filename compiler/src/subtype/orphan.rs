//! Whether something is overtaken for ever: the infinite runs of a simulation.

use super::foresight::Classes;

/// A step of a simulation.
pub(super) struct Edge {
    /// Index of the configuration it leaves.
    pub(super) from: usize,
    /// Index of the configuration it reaches.
    pub(super) to: usize,
    /// The class of the action.
    pub(super) does: Classes,
    /// The classes of what the action overtook.
    pub(super) passed: Classes,
}

/// A class that some infinite run overtakes again and again and never does from some point on, as a set; empty if
/// there is none.
///
/// An action that is overtaken for ever is overtaken by every later action, since only finitely many come before it;
/// and no action of its class is done, since the oldest of a class is done first. So there is such a run iff, without
/// the edges that do the class, an edge that overtakes it lies on a cycle.
pub(super) fn skipped(count: usize, edges: &[Edge]) -> Classes {
    let mut passed = edges.iter().fold(0, |all, edge| all | edge.passed);
    while passed != 0 {
        let class = passed & passed.wrapping_neg();
        let others: Vec<&Edge> = edges.iter().filter(|edge| edge.does != class).collect();
        let component = components(count, &others);
        let is_cyclic = |edge: &&&Edge| edge.passed & class != 0 && component[edge.from] == component[edge.to];
        if others.iter().any(|edge| is_cyclic(&edge)) {
            return class;
        }
        passed &= !class;
    }
    0
}

/// The strongly connected component of every node (Kosaraju and Sharir): last left first, backwards.
fn components(count: usize, edges: &[&Edge]) -> Vec<usize> {
    let mut forward = vec![Vec::new(); count];
    let mut backward = vec![Vec::new(); count];
    for edge in edges {
        forward[edge.from].push(edge.to);
        backward[edge.to].push(edge.from);
    }
    let mut is_seen = vec![false; count];
    let mut left = Vec::with_capacity(count);
    for root in 0..count {
        let mut stack = vec![(root, false)];
        while let Some((node, is_done)) = stack.pop() {
            if is_done {
                left.push(node);
            } else if !std::mem::replace(&mut is_seen[node], true) {
                stack.push((node, true));
                stack.extend(forward[node].iter().map(|next| (*next, false)));
            }
        }
    }
    let mut component = vec![usize::MAX; count];
    for root in left.into_iter().rev() {
        let mut stack = vec![root];
        while let Some(node) = stack.pop() {
            if component[node] == usize::MAX {
                component[node] = root;
                stack.extend(&backward[node]);
            }
        }
    }
    component
}
