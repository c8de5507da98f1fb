//! Where a role may starve (`W0402`): it can still act, while the others may stay in a loop without it.

use super::live::View;
use crate::graph::{CaseOn, Graph, NodeId, NodeKind};
use tell_ir::implementable::{Segment, Skeleton};
use tell_ir::walk::depth_first;

/// The head of a loop in which the role may starve, the first found.
pub(super) fn starving(graph: &Graph, skeleton: &Skeleton, view: &View<'_>) -> Option<NodeId> {
    // A counted loop ends by itself; every other cycle the role takes no part in can go on for ever.
    let counted = |node: NodeId| matches!(graph.node(node).kind, NodeKind::Case { on: CaseOn::Counter(_), .. });
    let inside: Vec<bool> =
        skeleton.all().map(|segment| view.waits(segment) && !counted(skeleton.last(segment))).collect();
    let next = |segment: Segment| -> Vec<Segment> {
        let next = graph.successors(skeleton.last(segment)).into_iter().map(|node| skeleton.segment_of(node));
        next.filter(|next| inside[*next as usize]).collect()
    };
    let mut found: Option<Vec<Segment>> = None;
    let roots = skeleton.all().filter(|segment| inside[*segment as usize]);
    depth_first(inside.len(), roots, &next, &mut |cycle| {
        found.get_or_insert_with(|| cycle.iter().map(|(segment, _)| *segment).collect());
    });
    let cycle = found?;
    // The node whose source covers the others is the loop itself.
    let nodes = cycle.into_iter().flat_map(|segment| skeleton.nodes_of(segment));
    nodes.min_by_key(|node| (graph.node(*node).span.start, std::cmp::Reverse(graph.node(*node).span.end)))
}
