//! Bounds of channels of protocols that are too large to explore.
//!
//! A channel holds at most one message if its sender always hears, directly or through others, from whoever received the
//! message before it sends the next one. And where no message can be repeated, it holds at most the messages that one run
//! sends on it. If so many were seen in one configuration, that is the bound.

use super::Exploration;
use crate::graph::{Graph, NodeId, NodeKind, Role};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use tell_ir::walk::depth_first;

/// Most nodes that are looked at, for all channels together.
const MAX_VISITS: usize = 5_000_000;

/// Gives the channels their bound where what was seen is all there can be.
pub(super) fn settle(graph: &Graph, found: &mut Exploration) {
    let order = order(graph);
    let mut budget = MAX_VISITS;
    for edge in found.edges.iter_mut().filter(|edge| edge.bound.is_none() && edge.seen > 0) {
        let channel = (edge.from, edge.to);
        let is_bound = edge.seen == 1 && is_acknowledged(graph, channel, &mut budget)
            || order.as_ref().is_some_and(|order| most_on_a_path(graph, order, channel, &mut budget) <= edge.seen);
        edge.bound = is_bound.then_some(edge.seen);
    }
    let bounds: Option<Vec<u32>> = found.edges.iter().map(|edge| edge.bound).collect();
    found.queue_bound = bounds.map(|bounds| bounds.into_iter().max().unwrap_or(0));
}

/// Whether the sender of a channel always knows that a message was received before it sends the next one. `false` also if
/// that takes too long to find out.
fn is_acknowledged(graph: &Graph, channel: (Role, Role), budget: &mut usize) -> bool {
    let sends =
        |node: NodeId| matches!(&graph.node(node).kind, NodeKind::Comm { from, to, .. } if (*from, *to) == channel);
    let all = (0..).map(NodeId).take(graph.nodes.len());
    // Who has heard of the receipt, at each node; with fewer of them more can go wrong.
    let mut known: FxHashMap<NodeId, Vec<BTreeSet<Role>>> = FxHashMap::default();
    let mut todo: Vec<(NodeId, BTreeSet<Role>)> = Vec::new();
    for node in all.filter(|node| sends(*node)) {
        graph.each_successor(node, &mut |next| todo.push((next, BTreeSet::from([channel.1]))));
    }
    while let Some((node, mut heard)) = todo.pop() {
        let before = known.entry(node).or_default();
        let Some(left) = budget.checked_sub(before.len() + 1) else { return false };
        *budget = left;
        if before.iter().any(|fewer| fewer.is_subset(&heard)) {
            continue;
        }
        before.push(heard.clone());
        if sends(node) {
            return false;
        }
        if let NodeKind::Comm { from, to, .. } = &graph.node(node).kind
            && heard.contains(from)
        {
            heard.insert(*to);
        }
        if !heard.contains(&channel.0) {
            graph.each_successor(node, &mut |next| todo.push((next, heard.clone())));
        }
    }
    true
}

/// The reachable nodes, each behind all it leads to; `None` if something repeats, or a scope sends after its body what
/// no path shows.
fn order(graph: &Graph) -> Option<Vec<NodeId>> {
    let next = |id: u32| graph.successors(NodeId(id)).into_iter().map(|next| next.0).collect();
    let mut repeats = false;
    let order = depth_first(graph.nodes.len(), [graph.start.0], &next, &mut |_| repeats = true);
    let order: Vec<NodeId> = order.into_iter().map(NodeId).collect();
    let has_scope = order.iter().any(|node| matches!(graph.node(*node).kind, NodeKind::Timed { .. }));
    (!repeats && !has_scope).then_some(order)
}

/// Most messages of a channel on a path from the start.
fn most_on_a_path(graph: &Graph, order: &[NodeId], channel: (Role, Role), budget: &mut usize) -> u32 {
    let Some(left) = budget.checked_sub(order.len()) else { return u32::MAX };
    *budget = left;
    let mut most = vec![0u32; graph.nodes.len()];
    for node in order {
        let mut behind = 0;
        graph.each_successor(*node, &mut |next| behind = behind.max(most[next.index()]));
        let sends = matches!(&graph.node(*node).kind, NodeKind::Comm { from, to, .. } if (*from, *to) == channel);
        most[node.index()] = behind + u32::from(sends);
    }
    most[graph.start.index()]
}
