//! The places of a state: its entries and what lies behind them by steps the role does not see.

use super::{Key, Meter, View};
use crate::choreography::NodeId;
use crate::implementable::{Control, Demand, Steps, Stop};
use crate::machine::StateId;
use crate::verify::Check;

/// The places of one state; used for one after the other.
pub(super) struct Closure {
    pub(super) items: Vec<(NodeId, Stop)>,
    steps: Steps,
    /// Where the role does something or is done.
    pub(super) demands: Vec<(u32, Demand)>,
    /// Shared decisions that the state takes.
    pub(super) cases: Vec<u32>,
    /// Per node the number of the state that met it last, and its item there.
    seen: Vec<(u32, u32)>,
    number: u32,
}

impl Closure {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            items: Vec::new(),
            steps: Steps::default(),
            demands: Vec::new(),
            cases: Vec::new(),
            seen: vec![(0, 0); nodes],
            number: 0,
        }
    }

    /// Finds the places of a state.
    pub(super) fn fill(&mut self, view: &View<'_>, state: StateId, meter: &mut Meter) -> Check {
        self.items.clear();
        self.steps.clear();
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
            let item = u32::try_from(next).expect("no more places than nodes");
            next += 1;
            meter.spend(1)?;
            if let Some(demand) = view.sight.demand(node, stop) {
                self.demands.push((item, demand));
                continue;
            }
            if !decides.is_empty() && decides.binary_search_by_key(&node, |place| place.node).is_ok() {
                self.cases.push(item);
                continue;
            }
            for way in view.sight.unseen(node) {
                meter.spend(1)?;
                let behind = self.add(view, view.ground.carried.successor(node, way));
                self.steps.push(item, behind);
            }
        }
        Ok(())
    }

    /// The item of what the role stops at from a node on.
    fn add(&mut self, view: &View<'_>, node: NodeId) -> u32 {
        let (node, stop) = view.sight.stop(node);
        match self.seen[node.index()] {
            (number, item) if number == self.number => item,
            _ => self.push((node, stop)),
        }
    }

    fn push(&mut self, item: (NodeId, Stop)) -> u32 {
        let index = u32::try_from(self.items.len()).expect("no more places than nodes");
        self.seen[item.0.index()] = (self.number, index);
        self.items.push(item);
        index
    }

    /// A place that leads to none of `targets`, if there is one.
    pub(super) fn stuck(&self, targets: &[u32], meter: &mut Meter) -> Check<Option<NodeId>> {
        if self.items.len() == targets.len() {
            return Ok(None);
        }
        meter.spend(self.items.len() + self.steps.len())?;
        let stuck = self.steps.reaching(self.items.len(), targets).iter().position(|reaching| !reaching);
        Ok(stuck.map(|item| self.items[item].0))
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

    pub(super) fn node(&self, item: u32) -> NodeId {
        self.items[item as usize].0
    }
}
