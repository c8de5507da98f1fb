//! Rounds of a choreography in which nobody communicates: they could go on for ever without anybody else noticing.

use super::{Control, Kind, Nesting, NodeId};
use crate::walk::depth_first;

/// Calls `found` with a node of each round that can pass without a message.
pub fn silent_rounds(graph: &impl Control, nesting: &Nesting, found: &mut dyn FnMut(NodeId)) {
    let passes = Passes::new(graph, nesting);
    let next = |id: u32| passes.next(graph, NodeId(id)).into_iter().map(|next| next.0).collect();
    depth_first(graph.node_count(), reachable(graph), &next, &mut |cycle| found(NodeId(cycle[0].0)));
}

/// Nodes that can be reached from the start, each once.
fn reachable(graph: &impl Control) -> Vec<u32> {
    let mut seen = vec![false; graph.node_count()];
    let mut todo = vec![graph.start()];
    let mut all = Vec::new();
    while let Some(node) = todo.pop() {
        if !std::mem::replace(&mut seen[node.index()], true) {
            all.push(node.0);
            graph.each_successor(node, &mut |next| todo.push(next));
        }
    }
    all
}

/// Which `Par`s and scopes can be passed without any communication.
struct Passes {
    /// By number; of other nodes nothing is said.
    silent: Vec<bool>,
}

impl Passes {
    fn new(graph: &impl Control, nesting: &Nesting) -> Self {
        let mut passes = Self { silent: vec![false; if nesting.is_empty() { 0 } else { graph.node_count() }] };
        let mut ends = vec![false; nesting.len()];
        let mut seen = vec![false; passes.silent.len()];
        // What is inside a part is numbered behind it; the first part of a block is looked at last.
        for (id, part) in nesting.parts().rev() {
            ends[id.index()] = passes.reaches_end(graph, graph.successor(part.block, part.way), &mut seen);
            if part.way > 0 {
                continue;
            }
            let all: Vec<bool> = nesting.parts_of(part.block).map(|part| ends[part.index()]).collect();
            passes.silent[part.block.index()] = match graph.kind(part.block) {
                // Unless it is done it can be left at once, so then the body need not be silent.
                Kind::Scope { done, .. } => {
                    let others = (1..all.len()).filter(|way| Some(*way) != done).any(|way| all[way]);
                    others || (all[0] && done.is_none_or(|done| all[done]))
                }
                _ => all.iter().all(|silent| *silent),
            };
        }
        passes
    }

    /// The nodes that can follow without communication.
    fn next(&self, graph: &impl Control, node: NodeId) -> Vec<NodeId> {
        let mut next = Vec::new();
        match graph.kind(node) {
            Kind::Comm { .. } | Kind::Join { .. } => {}
            Kind::Par | Kind::Scope { .. } => {
                next.extend(self.silent.get(node.index()).is_some_and(|silent| *silent).then(|| graph.then(node)));
            }
            _ => graph.each_successor(node, &mut |node| next.push(node)),
        }
        next
    }

    /// Whether the end of a part can be reached from its start without communication. No node lies in two parts, so none
    /// need be looked at twice.
    fn reaches_end(&self, graph: &impl Control, start: NodeId, seen: &mut [bool]) -> bool {
        let mut todo = vec![start];
        while let Some(node) = todo.pop() {
            if matches!(graph.kind(node), Kind::Join { .. }) {
                return true;
            }
            if !std::mem::replace(&mut seen[node.index()], true) {
                todo.extend(self.next(graph, node));
            }
        }
        false
    }
}
