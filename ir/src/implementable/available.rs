//! Which message of a partner can be first in its channel while the role does not move.
//!
//! The available-message sets of Li et al. (CAV 2023, definition 6.5): walking the choreography with the role
//! blocked, everybody who waits for a blocked role is blocked too.

use super::{Control, Kind, NodeId, Role};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Answers, remembered per node and partner.
pub struct Availability<'a, G> {
    graph: &'a G,
    role: Role,
    known: BTreeMap<(NodeId, Role), Rc<[u32]>>,
    /// How many more visits may be made, over all questions.
    budget: usize,
}

/// A node that is walked over, who is blocked there, and how it was come to: the visit before and its way.
struct Visit {
    node: NodeId,
    blocked: Blocked,
    before: Option<(usize, usize)>,
}

/// Roles that are blocked: a bit each.
#[derive(Clone)]
struct Blocked(Rc<[u64]>);

impl Blocked {
    fn new(role: Role) -> Self {
        Self(Rc::new([])).and(role)
    }

    fn contains(&self, role: Role) -> bool {
        self.0.get(role as usize / 64).is_some_and(|word| word >> (role % 64) & 1 == 1)
    }

    fn and(&self, role: Role) -> Self {
        let at = role as usize / 64;
        let mut words = self.0.to_vec();
        words.resize(words.len().max(at + 1), 0);
        words[at] |= 1 << (role % 64);
        Self(words.into())
    }

    fn is_subset(&self, other: &Self) -> bool {
        (0..).zip(&*self.0).all(|(at, word): (usize, _)| word & !other.0.get(at).copied().unwrap_or(0) == 0)
    }

    /// What comparing or copying it costs, in visits.
    fn cost(&self) -> usize {
        self.0.len() / 8
    }
}

/// A walk, and where it found each label first: the visit and the branch.
struct Walk {
    visits: Vec<Visit>,
    found: BTreeMap<u32, (usize, usize)>,
}

impl<'a, G: Control> Availability<'a, G> {
    /// Answers for a role, with so many visits of nodes over all questions.
    #[must_use]
    pub fn new(graph: &'a G, role: Role, budget: usize) -> Self {
        Self { graph, role, known: BTreeMap::new(), budget }
    }

    /// Takes so many visits away, if there are as many.
    pub fn spend(&mut self, visits: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(visits)?;
        Some(())
    }

    /// How many more visits may be made.
    #[must_use]
    pub const fn budget(&self) -> usize {
        self.budget
    }

    /// The labels that can be first in the channel from `partner` when the choreography goes on from `node` and the
    /// role consumes nothing, ascending; `None` if that takes too many visits to find out.
    pub fn first(&mut self, node: NodeId, partner: Role) -> Option<Rc<[u32]>> {
        if let Some(known) = self.known.get(&(node, partner)).cloned() {
            return Some(known);
        }
        let found: Rc<[u32]> = self.walk(node, partner)?.found.into_keys().collect();
        self.known.insert((node, partner), found.clone());
        Some(found)
    }

    /// A shortest way from `node` to a message by which that label is first in the channel, the message included: nodes
    /// and which of their ways is taken.
    pub fn way_to(&mut self, node: NodeId, partner: Role, label: u32) -> Option<Vec<(NodeId, usize)>> {
        let Walk { visits, found } = self.walk(node, partner)?;
        let mut at = found.get(&label).copied();
        let mut way = Vec::new();
        while let Some((visit, branch)) = at {
            way.push((visits[visit].node, branch));
            at = visits[visit].before;
        }
        way.reverse();
        Some(way)
    }

    /// Walks on, breadth first, as long as the partner can send.
    fn walk(&mut self, node: NodeId, partner: Role) -> Option<Walk> {
        let first = Visit { node, blocked: Blocked::new(self.role), before: None };
        let mut walk = Walk { visits: vec![first], found: BTreeMap::new() };
        // A visit with fewer roles blocked sees everything a visit with more would.
        let mut known: BTreeMap<NodeId, Vec<Blocked>> = BTreeMap::new();
        let mut next = 0;
        while let Some(Visit { node, blocked, .. }) = walk.visits.get(next) {
            let (node, mut blocked, at) = (*node, blocked.clone(), next);
            next += 1;
            let before = known.entry(node).or_default();
            self.budget = self.budget.checked_sub(1 + before.len() * (1 + blocked.cost()))?;
            if before.iter().any(|smaller| smaller.is_subset(&blocked)) {
                continue;
            }
            before.retain(|larger| !blocked.is_subset(larger));
            before.push(blocked.clone());
            match self.graph.kind(node) {
                #[expect(clippy::collapsible_match, reason = "the next arms are not for these messages")]
                Kind::Comm { from, to } if !blocked.contains(from) => {
                    if (from, to) == (partner, self.role) {
                        for way in 0..self.graph.way_count(node) {
                            walk.found.entry(self.graph.label(node, way)).or_insert((at, way));
                        }
                        continue;
                    }
                }
                Kind::Comm { to, .. } if !blocked.contains(to) => {
                    self.budget = self.budget.checked_sub(blocked.cost())?;
                    blocked = blocked.and(to);
                }
                _ => {}
            }
            if !blocked.contains(partner) {
                for way in 0..self.graph.way_count(node) {
                    let node = self.graph.successor(node, way);
                    walk.visits.push(Visit { node, blocked: blocked.clone(), before: Some((at, way)) });
                }
            }
        }
        Some(walk)
    }
}
