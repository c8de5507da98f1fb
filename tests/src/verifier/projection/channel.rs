//! Messages that can be there while a role does not move: V6.17.

use super::graph::Graph;
use crate::verifier::MOST_PLACES;
use std::collections::BTreeSet;
use tell_ir::choreography::{Node, NodeId};

/// A message that a role waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receive {
    pub(super) partner: u16,
    pub(super) label: u16,
    /// What follows.
    pub(super) behind: NodeId,
}

/// Whether behind one of the messages another, of another partner, can be first in its channel before the role took that
/// one. Nothing if there are too many ways to look at.
pub(super) fn is_overtaken(graph: &Graph<'_>, role: u16, receives: &[Receive]) -> Option<bool> {
    for taken in receives {
        for partner in receives.iter().map(|other| other.partner).filter(|partner| *partner != taken.partner) {
            let early = first(graph, role, taken.behind, partner)?;
            if receives.iter().any(|other| other.partner == partner && early.contains(&other.label)) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// The labels that can be first in the channel from `partner` if all goes on from a node and the role takes nothing. Who
/// waits for somebody who is blocked is blocked, too.
fn first(graph: &Graph<'_>, role: u16, node: NodeId, partner: u16) -> Option<BTreeSet<u16>> {
    let mut labels = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut todo = vec![(node, BTreeSet::from([role]))];
    while let Some((node, mut blocked)) = todo.pop() {
        if !seen.insert((node, blocked.clone())) {
            continue;
        }
        if seen.len() > MOST_PLACES {
            return None;
        }
        if let Node::Comm { from, to, branches } = graph.node(node) {
            if blocked.contains(from) {
                blocked.insert(*to);
            } else if (*from, *to) == (partner, role) {
                labels.extend(branches.iter().map(|branch| branch.label));
                continue;
            }
        }
        if !blocked.contains(&partner) {
            todo.extend(graph.ways(node).into_iter().map(|next| (next, blocked.clone())));
        }
    }
    Some(labels)
}
