//! What is asked of the places a role can be at in one state: send validity, receive validity, merged branches.

use super::{Availability, Control, Kind, NodeId, Role, Skeleton};
use std::collections::{BTreeMap, BTreeSet};

/// Places of a state, by number, and the unseen steps between them.
#[derive(Clone, Debug, Default)]
pub struct Steps(Vec<(u32, u32)>);

impl Steps {
    /// Adds a step.
    pub fn push(&mut self, from: u32, to: u32) {
        self.0.push((from, to));
    }

    /// The steps, as they were added.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().copied()
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all steps.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// For each place, those its steps lead to.
    #[must_use]
    pub fn next(&self, places: usize) -> Vec<Vec<u32>> {
        adjacent(places, self.iter())
    }

    /// Which of the places have a way of unseen steps to one of `targets`. What a role sends or does on its own in a
    /// state must be offered behind each of them (send validity).
    #[must_use]
    pub fn reaching(&self, places: usize, targets: &[u32]) -> Vec<bool> {
        reachable(targets, &adjacent(places, self.iter().map(|(from, to)| (to, from))))
    }
}

fn adjacent(places: usize, steps: impl Iterator<Item = (u32, u32)>) -> Vec<Vec<u32>> {
    let mut adjacent = vec![Vec::new(); places];
    steps.for_each(|(from, to)| adjacent[from as usize].push(to));
    adjacent
}

/// What can be reached from some places, where `next` says what each leads to.
#[must_use]
pub fn reachable(from: &[u32], next: &[Vec<u32>]) -> Vec<bool> {
    let mut seen = vec![false; next.len()];
    let mut todo = from.to_vec();
    while let Some(index) = todo.pop() {
        if !std::mem::replace(&mut seen[index as usize], true) {
            todo.extend(&next[index as usize]);
        }
    }
    seen
}

/// A message that a role waits for at one place of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receive {
    /// Who sends it.
    pub partner: Role,
    /// Its label.
    pub label: u32,
    /// What follows.
    pub behind: NodeId,
}

/// A message that can be there before another that the role waits for is consumed; positions in the list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overtaken {
    /// The message that should be taken.
    pub taken: usize,
    /// The message that can be taken in its place.
    pub early: usize,
}

/// Finding out takes more visits than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// The message whose continuation was looked at.
    pub at: usize,
}

/// Receive validity: if a role waits for messages of several partners in a state, then behind none of them the message of
/// another partner can be first in its channel before the role consumed it. The first violation, in order of the list.
///
/// # Errors
/// If that takes too many visits to find out.
pub fn overtaken<G: Control>(
    available: &mut Availability<'_, G>,
    receives: &[Receive],
) -> Result<Option<Overtaken>, TooMuch> {
    if receives.iter().all(|receive| receive.partner == receives[0].partner) {
        return Ok(None);
    }
    let mut first: BTreeMap<(Role, u32), usize> = BTreeMap::new();
    for (at, receive) in receives.iter().enumerate() {
        first.entry((receive.partner, receive.label)).or_insert(at);
    }
    let mut met = BTreeSet::new();
    let partners: Vec<Role> =
        receives.iter().map(|receive| receive.partner).filter(|partner| met.insert(*partner)).collect();
    for (at, receive) in receives.iter().enumerate() {
        for partner in partners.iter().filter(|partner| **partner != receive.partner) {
            let early = available.first(receive.behind, *partner).ok_or(TooMuch { at })?;
            available.spend(early.len() / 16).ok_or(TooMuch { at })?;
            if let Some(early) = early.iter().find_map(|label| first.get(&(*partner, *label))) {
                return Ok(Some(Overtaken { taken: at, early: *early }));
            }
        }
    }
    Ok(None)
}

/// The first of several `Par`s that cannot be entered as one by a role: branches that are merged use different channels
/// of it, as those of one `Par` do.
#[must_use]
pub fn crossing(graph: &impl Control, skeleton: &Skeleton, role: Role, pars: &[NodeId]) -> Option<usize> {
    if pars.len() < 2 {
        return None;
    }
    let mut order: Vec<(NodeId, usize)> = (0..).zip(pars).map(|(at, par)| (*par, at)).collect();
    order.sort_unstable();
    let mut uses: Vec<((Role, Role), usize, usize)> = Vec::new();
    for rank in skeleton.acts(role) {
        let node = skeleton.node(*rank);
        let Kind::Comm { from, to } = graph.kind(node) else { continue };
        for part in skeleton.nesting().around(node).map(|part| skeleton.nesting().part(part)) {
            if let Ok(found) = order.binary_search_by_key(&part.block, |(par, _)| *par) {
                uses.push(((from, to), order[found].1, part.way));
            }
        }
    }
    uses.sort_unstable();
    let crosses = |of_one: &[((Role, Role), usize, usize)]| {
        let (_, _, way) = of_one[0];
        of_one.iter().find(|(_, _, other)| *other != way).map(|(_, at, _)| *at)
    };
    uses.chunk_by(|one, other| one.0 == other.0).filter_map(crosses).min()
}
