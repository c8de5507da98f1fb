//! Rule V6.19: a silent state leads to what lies behind the arms of what it decides.

use super::closure::Closure;
use super::{Meter, View};
use crate::implementable::{Control, Demand};
use crate::machine::StateId;
use crate::verify::{Check, violation};

impl View<'_> {
    /// Checks a state that decides, or does something locally, at all places with the same arms.
    pub(super) fn silent(&self, state: StateId, targets: &[StateId], closure: &Closure, meter: &mut Meter) -> Check {
        let decides = self.decides(state).len();
        if decides > 0 && closure.is_over() {
            // What it decides matters for its own values only.
            let behind = closure.demands.iter().flat_map(|(node, _)| targets.iter().map(|target| (*target, *node)));
            return behind.into_iter().try_for_each(|(target, node)| {
                meter.spend(1)?;
                self.lead(target, node)
            });
        }
        if closure.cases.len() < decides {
            return violation("V6.9", "it takes a decision where the choreography cannot be");
        }
        let is_own = |demand| decides == 0 && matches!(demand, Demand::Choose | Demand::Act);
        self.only(closure, is_own)?;
        let carried = self.ground.carried;
        for node in closure.demands.iter().map(|(node, _)| *node).chain(closure.cases.iter().copied()) {
            let arms = carried.way_count(node);
            if arms != targets.len() {
                return violation("V6.19", format!("node {} has {arms} arms", node.0));
            }
            meter.spend(arms)?;
            for (arm, target) in targets.iter().enumerate() {
                self.lead(*target, carried.successor(node, arm))?;
            }
        }
        Ok(())
    }
}
