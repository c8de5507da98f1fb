//! Where a role may starve (`W0402`): it can still act, while the others may stay in a loop without it.

use super::live::View;
use super::skeleton::{Segment, Skeleton};
use crate::graph::{CaseOn, Graph, NodeId, NodeKind};

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
    let cycle = cycle(&inside, &next)?;
    // The node whose source covers the others is the loop itself.
    let nodes = cycle.into_iter().flat_map(|segment| skeleton.nodes_of(segment));
    nodes.min_by_key(|node| (graph.node(*node).span.start, std::cmp::Reverse(graph.node(*node).span.end)))
}

/// A cycle that stays inside.
fn cycle(inside: &[bool], next: &dyn Fn(Segment) -> Vec<Segment>) -> Option<Vec<Segment>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    let mut marks = vec![Mark::New; inside.len()];
    for root in (0..).take(inside.len()).filter(|segment| inside[*segment as usize]) {
        if marks[root as usize] != Mark::New {
            continue;
        }
        marks[root as usize] = Mark::Open;
        let mut stack = vec![(root, next(root))];
        while let Some((segment, todo)) = stack.last_mut() {
            match todo.pop() {
                None => {
                    marks[*segment as usize] = Mark::Closed;
                    stack.pop();
                }
                Some(behind) => match marks[behind as usize] {
                    Mark::Closed => {}
                    Mark::New => {
                        marks[behind as usize] = Mark::Open;
                        stack.push((behind, next(behind)));
                    }
                    Mark::Open => {
                        let start = stack.iter().position(|(segment, _)| *segment == behind).unwrap_or(0);
                        return Some(stack[start..].iter().map(|(segment, _)| *segment).collect());
                    }
                },
            }
        }
    }
    None
}
