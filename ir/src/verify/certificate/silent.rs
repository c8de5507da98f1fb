//! Rule V6.19: a silent state leads to what lies behind the arms of what it decides, and nowhere else.

use super::closure::Closure;
use super::{Key, Meter, View};
use crate::choreography::NodeId;
use crate::implementable::{Control, Demand};
use crate::machine::StateId;
use crate::verify::{Check, violation};

impl View<'_> {
    /// Checks a state that decides, or does something locally.
    pub(super) fn silent(&self, state: StateId, closure: &Closure, meter: &mut Meter) -> Check {
        let decides = self.decides(state).len();
        if closure.cases.len() < decides {
            return violation("V6.9", "it takes a decision where the choreography cannot be");
        }
        let is_own = |demand| decides == 0 && matches!(demand, Demand::Choose | Demand::Act);
        self.only(closure, is_own, meter)?;
        let items = closure.demands.iter().map(|(item, _)| *item).chain(closure.cases.iter().copied());
        let places: Vec<NodeId> = items.map(|item| closure.node(item)).collect();
        let carried = self.ground.carried;
        let arms = places.first().map_or(0, |place| carried.way_count(*place));
        if let Some(other) = places.iter().find(|place| carried.way_count(**place) != arms) {
            return violation("V6.19", format!("node {} does not have {arms} arms", other.0));
        }
        self.arms(state, &places, arms, meter)
    }

    /// Each arm, taken at all places, has a target that covers it, and each target an arm.
    fn arms(&self, state: StateId, places: &[NodeId], arms: usize, meter: &mut Meter) -> Check {
        let targets = self.rows.of(state);
        // What each target covers.
        let mut covered: Vec<(Key, usize)> = Vec::new();
        for (at, row) in targets.iter().enumerate() {
            let entries = self.entries.of(row.target);
            meter.spend(entries.len())?;
            covered.extend(entries.iter().map(|(key, _)| (*key, at)));
        }
        covered.sort_unstable();
        let mut is_behind = vec![false; targets.len()];
        for arm in 0..arms {
            let next = |place: &NodeId| self.ground.carried.successor(*place, arm);
            let first = self.key(next(&places[0]));
            let start = covered.partition_point(|(key, _)| *key < first);
            let mut has_target = false;
            for (_, at) in covered[start..].iter().take_while(|(key, _)| *key == first) {
                meter.spend(places.len())?;
                if places.iter().all(|place| self.covers(targets[*at].target, next(place))) {
                    is_behind[*at] = true;
                    has_target = true;
                }
            }
            if !has_target {
                return violation("V6.11", format!("no state has entries for all that can follow by arm {arm}"));
            }
        }
        match is_behind.iter().position(|behind| !behind) {
            Some(at) => violation("V6.19", format!("state {} is behind none of its arms", targets[at].target.0)),
            None => Ok(()),
        }
    }
}
