//! The certificate of a machine: where the choreography can be when a role comes to a state. An image carries it, so that
//! the verifier need not find the states again.

use super::closure::Closure;
use super::machine::StateId;
use crate::graph::{Graph, NodeId};

/// Nodes of states.
type Places = Vec<(StateId, NodeId)>;

/// With which nodes each state was come to, and where it takes shared decisions.
#[derive(Default)]
pub(super) struct Entries {
    all: Places,
    /// So many of them are known to be different.
    distinct: usize,
    decisions: Places,
}

impl Entries {
    /// Notes that a state was come to with these nodes.
    pub(super) fn add(&mut self, graph: &Graph, state: StateId, nodes: &[NodeId], closure: &Closure) {
        self.all.extend(nodes.iter().map(|node| (state, *node)));
        // A decision is what the role takes here, or what lies behind it: not both.
        for node in closure.seen_through() {
            graph.each_successor(node, &mut |next| self.all.push((state, next)));
        }
        self.decisions.extend(closure.cases.iter().map(|(item, _)| (state, closure.items[*item as usize].node)));
        // Many steps to one state are still few entries.
        if self.all.len() > 2 * self.distinct + 4096 {
            set(&mut self.all);
            set(&mut self.decisions);
            self.distinct = self.all.len();
        }
    }

    /// Entries and decisions, ascending.
    pub(super) fn finish(mut self) -> (Places, Places) {
        for list in [&mut self.all, &mut self.decisions] {
            set(list);
            list.shrink_to_fit();
        }
        (self.all, self.decisions)
    }
}

fn set(list: &mut Places) {
    list.sort_unstable();
    list.dedup();
}
