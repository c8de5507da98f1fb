//! Which message of a partner can be first in its channel while the role does not move.
//!
//! The available-message sets of Li et al. (CAV 2023, definition 6.5): walking the choreography with the role
//! blocked, everybody who waits for a blocked role is blocked too.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Answers, remembered per node and partner.
pub(super) struct Availability<'a> {
    graph: &'a Graph,
    role: Role,
    known: FxHashMap<(NodeId, Role), Rc<[u32]>>,
    /// How many more visits may be made, over all questions.
    budget: usize,
}

impl<'a> Availability<'a> {
    pub(super) fn new(graph: &'a Graph, role: Role, budget: usize) -> Self {
        Self { graph, role, known: FxHashMap::default(), budget }
    }

    /// The labels that can be first in the channel from `partner` when the choreography goes on from `node` and the
    /// role consumes nothing, ascending; `None` if that takes too many visits to find out.
    pub(super) fn first(&mut self, node: NodeId, partner: Role) -> Option<Rc<[u32]>> {
        if let Some(known) = self.known.get(&(node, partner)) {
            return Some(known.clone());
        }
        let found: Rc<[u32]> = self.search(node, partner)?.into_iter().collect();
        self.known.insert((node, partner), found.clone());
        Some(found)
    }

    fn search(&mut self, node: NodeId, partner: Role) -> Option<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
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
            self.budget = self.budget.checked_sub(before.len())?;
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
        Some(found)
    }
}
