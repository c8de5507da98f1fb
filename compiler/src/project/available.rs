//! Which message of a partner can be first in its channel while the role does not move.
//!
//! The available-message sets of Li et al. (CAV 2023, definition 6.5): walking the choreography with the role
//! blocked, everybody who waits for a blocked role is blocked too.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Answers, remembered per node and partner.
pub(super) struct Availability<'a> {
    graph: &'a Graph,
    role: Role,
    known: FxHashMap<(NodeId, Role), Rc<FxHashSet<u32>>>,
}

impl<'a> Availability<'a> {
    pub(super) fn new(graph: &'a Graph, role: Role) -> Self {
        Self { graph, role, known: FxHashMap::default() }
    }

    /// The labels that can be first in the channel from `partner` when the choreography goes on from `node` and the
    /// role consumes nothing.
    pub(super) fn first(&mut self, node: NodeId, partner: Role) -> Rc<FxHashSet<u32>> {
        if let Some(known) = self.known.get(&(node, partner)) {
            return known.clone();
        }
        let found = Rc::new(self.search(node, partner));
        self.known.insert((node, partner), found.clone());
        found
    }

    fn search(&self, node: NodeId, partner: Role) -> FxHashSet<u32> {
        let mut found = FxHashSet::default();
        // A visit with fewer roles blocked sees everything a visit with more would.
        let mut visits: FxHashMap<NodeId, Vec<Rc<BTreeSet<Role>>>> = FxHashMap::default();
        let mut todo = vec![(node, Rc::new(BTreeSet::from([self.role])))];
        while let Some((node, blocked)) = todo.pop() {
            let before = visits.entry(node).or_default();
            if before.iter().any(|smaller| smaller.is_subset(&blocked)) {
                continue;
            }
            before.retain(|larger| !blocked.is_subset(larger));
            before.push(blocked.clone());
            let NodeKind::Comm { from, to, branches } = &self.graph.node(node).kind else {
                todo.extend(self.graph.successors(node).into_iter().map(|next| (next, blocked.clone())));
                continue;
            };
            if !blocked.contains(from) && *from == partner && *to == self.role {
                found.extend(branches.iter().map(|branch| branch.label));
                continue;
            }
            let blocked = if blocked.contains(from) && !blocked.contains(to) {
                Rc::new(blocked.iter().copied().chain([*to]).collect())
            } else {
                blocked
            };
            if !blocked.contains(&partner) {
                todo.extend(branches.iter().map(|branch| (branch.cont, blocked.clone())));
            }
        }
        found
    }
}
