//! The places of a state: its entries and what lies behind them by steps the role does not see.

use super::{Key, Meter, View};
use crate::choreography::NodeId;
use crate::implementable::{Control, Demand, Stop};
use crate::machine::StateId;
use crate::verify::Check;

/// The places of one state; used for one after the other.
pub(super) struct Closure {
    pub(super) items: Vec<(NodeId, Stop)>,
    /// Where the role does something or is done.
    pub(super) demands: Vec<(NodeId, Demand)>,
    /// Shared decisions that the state takes.
    pub(super) cases: Vec<NodeId>,
    /// Per node the number of the state that met it last.
    seen: Vec<u32>,
    number: u32,
}

impl Closure {
    pub(super) fn new(nodes: usize) -> Self {
        Self { items: Vec::new(), demands: Vec::new(), cases: Vec::new(), seen: vec![0; nodes], number: 0 }
    }

    /// Finds the places of a state.
    pub(super) fn fill(&mut self, view: &View<'_>, state: StateId, meter: &mut Meter) -> Check {
        self.items.clear();
        self.demands.clear();
        self.cases.clear();
        self.number += 1;
        for (key, node) in view.entries.of(state) {
            match key {
                Key::At(node) => self.add(view, *node),
                // Each stands for all others in its part.
                Key::Finished(_) => self.push((*node, Stop::Finished)),
            };
        }
        let decides = view.decides(state);
        let mut next = 0;
        while let Some((node, stop)) = self.items.get(next).copied() {
            next += 1;
            meter.spend(1)?;
            if let Some(demand) = view.sight.demand(node, stop) {
                self.demands.push((node, demand));
                continue;
            }
            if !decides.is_empty() && decides.binary_search_by_key(&node, |place| place.node).is_ok() {
                self.cases.push(node);
                continue;
            }
            for way in view.sight.unseen(node) {
                meter.spend(1)?;
                self.add(view, view.ground.carried.successor(node, way));
            }
        }
        Ok(())
    }

    /// Adds what the role stops at from a node on.
    fn add(&mut self, view: &View<'_>, node: NodeId) {
        let item = view.sight.stop(node);
        if self.seen[item.0.index()] != self.number {
            self.push(item);
        }
    }

    fn push(&mut self, item: (NodeId, Stop)) {
        self.seen[item.0.index()] = self.number;
        self.items.push(item);
    }

    /// Whether the role never acts again, wherever the choreography is.
    pub(super) fn is_over(&self) -> bool {
        self.items.iter().all(|(_, stop)| *stop == Stop::Finished)
    }

    /// A place from which the role never acts again.
    pub(super) fn finished(&self, view: &View<'_>) -> Option<NodeId> {
        let never = |(node, stop): &&(NodeId, Stop)| match stop {
            Stop::Act(_) => false,
            Stop::Finished => true,
            Stop::Passing => !view.sight.can_act(*node),
        };
        self.items.iter().find(never).map(|(node, _)| *node)
    }
}
