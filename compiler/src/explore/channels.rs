//! Bounds of channels of protocols that are too large to explore, but end.
//!
//! Where no message can be repeated, a channel holds at most the messages that one run sends on it. If so many were seen
//! in one configuration, that is the bound.

use super::Exploration;
use crate::graph::{Graph, NodeId, NodeKind, Role};

/// Most nodes that are looked at, for all channels together.
const MAX_VISITS: usize = 20_000_000;

/// Gives the channels their bound where what was seen is all there can be.
pub(super) fn settle(graph: &Graph, found: &mut Exploration) {
    let Some(order) = order(graph) else { return };
    if order.len() * found.edges.len() > MAX_VISITS {
        return;
    }
    for edge in found.edges.iter_mut().filter(|edge| edge.bound.is_none()) {
        if most_on_a_path(graph, &order, (edge.from, edge.to)) <= edge.seen {
            edge.bound = Some(edge.seen);
        }
    }
    let bounds: Option<Vec<u32>> = found.edges.iter().map(|edge| edge.bound).collect();
    found.queue_bound = bounds.map(|bounds| bounds.into_iter().max().unwrap_or(0));
}

/// The reachable nodes, each behind all it leads to; `None` if something repeats, or a scope sends after its body what
/// no path shows.
fn order(graph: &Graph) -> Option<Vec<NodeId>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    let mut marks = vec![Mark::New; graph.nodes.len()];
    let mut order = Vec::new();
    let mut stack = vec![(graph.start, 0)];
    marks[graph.start.index()] = Mark::Open;
    while let Some((node, way)) = stack.last_mut() {
        if matches!(graph.node(*node).kind, NodeKind::Timed { .. }) {
            return None;
        }
        if *way == graph.way_count(*node) {
            marks[node.index()] = Mark::Closed;
            order.push(*node);
            stack.pop();
            continue;
        }
        let next = graph.successor(*node, *way);
        *way += 1;
        match marks[next.index()] {
            Mark::Open => return None,
            Mark::Closed => {}
            Mark::New => {
                marks[next.index()] = Mark::Open;
                stack.push((next, 0));
            }
        }
    }
    Some(order)
}

/// Most messages of a channel on a path from the start.
fn most_on_a_path(graph: &Graph, order: &[NodeId], channel: (Role, Role)) -> u32 {
    let mut most = vec![0u32; graph.nodes.len()];
    for node in order {
        let mut behind = 0;
        graph.each_successor(*node, &mut |next| behind = behind.max(most[next.index()]));
        let sends = matches!(&graph.node(*node).kind, NodeKind::Comm { from, to, .. } if (*from, *to) == channel);
        most[node.index()] = behind + u32::from(sends);
    }
    most[graph.start.index()]
}
