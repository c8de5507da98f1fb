//! What is asked of the places a role can be at in one state: receive validity, and merged branches.

use super::{Availability, Control, Kind, NodeId, Role, Skeleton};
use std::collections::{BTreeMap, BTreeSet};

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
