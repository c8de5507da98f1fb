//! Which message of a partner can be first in its channel while the role does not move.
//!
//! The available-message sets of Li et al. (CAV 2023, definition 6.5): walking the choreography with the role
//! blocked, everybody who waits for a blocked role is blocked too.

use super::rejection::Passed;
use crate::graph::{Graph, NodeId, NodeKind, Role};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Answers, remembered per node and partner.
pub(super) struct Availability<'a> {
    graph: &'a Graph,
    role: Role,
    known: FxHashMap<(NodeId, Role), Rc<[u32]>>,
    /// How many more visits may be made, over all questions.
    budget: usize,
}

/// A node that is walked over, who is blocked there, and how it was come to: the visit before and its way.
struct Visit {
    node: NodeId,
    blocked: Rc<BTreeSet<Role>>,
    before: Option<(usize, usize)>,
}

/// A walk, and where it found each label first: the visit and the branch.
struct Walk {
    visits: Vec<Visit>,
    found: BTreeMap<u32, (usize, usize)>,
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
        let found: Rc<[u32]> = self.walk(node, partner)?.found.into_keys().collect();
        self.known.insert((node, partner), found.clone());
        Some(found)
    }

    /// A shortest way from `node` to a message by which that label is first in the channel, the message included.
    pub(super) fn way_to(&mut self, node: NodeId, partner: Role, label: u32) -> Option<Vec<Passed>> {
        let Walk { visits, found } = self.walk(node, partner)?;
        let mut at = found.get(&label).copied();
        let mut way = Vec::new();
        while let Some((visit, branch)) = at {
            way.push(Passed { node: visits[visit].node, way: branch });
            at = visits[visit].before;
        }
        way.reverse();
        Some(way)
    }

    /// Walks on, breadth first, as long as the partner can send.
    fn walk(&mut self, node: NodeId, partner: Role) -> Option<Walk> {
        let mut walk = Walk {
            visits: vec![Visit { node, blocked: Rc::new(BTreeSet::from([self.role])), before: None }],
            found: BTreeMap::new(),
        };
        // A visit with fewer roles blocked sees everything a visit with more would.
        let mut known: FxHashMap<NodeId, Vec<Rc<BTreeSet<Role>>>> = FxHashMap::default();
        let mut next = 0;
        while let Some(Visit { node, blocked, .. }) = walk.visits.get(next) {
            let (node, blocked, at) = (*node, blocked.clone(), next);
            next += 1;
            let before = known.entry(node).or_default();
            if before.iter().any(|smaller| smaller.is_subset(&blocked)) {
                continue;
            }
            before.retain(|larger| !blocked.is_subset(larger));
            before.push(blocked.clone());
            self.budget = self.budget.checked_sub(before.len())?;
            let blocked = match &self.graph.node(node).kind {
                NodeKind::Comm { from, to, branches } if !blocked.contains(from) => {
                    if (*from, *to) == (partner, self.role) {
                        for (way, branch) in branches.iter().enumerate() {
                            walk.found.entry(branch.label).or_insert((at, way));
                        }
                        continue;
                    }
                    blocked
                }
                NodeKind::Comm { to, .. } if !blocked.contains(to) => {
                    Rc::new(blocked.iter().copied().chain([*to]).collect())
                }
                _ => blocked,
            };
            if !blocked.contains(&partner) {
                for (way, node) in self.graph.successors(node).into_iter().enumerate() {
                    walk.visits.push(Visit { node, blocked: blocked.clone(), before: Some((at, way)) });
                }
            }
        }
        Some(walk)
    }
}
