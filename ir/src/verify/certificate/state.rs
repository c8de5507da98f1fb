//! Rules V6.11 to V6.23: what a state does is what its places demand.

use super::closure::Closure;
use super::{Key, Meter, View};
use crate::choreography::{Branch, Node, NodeId};
use crate::implementable::{Control, Demand, Receive, Role, TooMuch, crossing, overtaken};
use crate::machine::{State, StateId, Transition};
use crate::verify::{Check, violation};
use std::collections::{BTreeMap, BTreeSet};

/// A message that a place offers, and what follows.
#[derive(Clone, Copy)]
struct Offer {
    partner: u16,
    label: u16,
    next: NodeId,
}

impl View<'_> {
    /// Checks one state.
    pub(super) fn state(&mut self, state: StateId, closure: &mut Closure, meter: &mut Meter) -> Check {
        closure.fill(self, state, meter)?;
        let result = match &self.machine.states[state.0 as usize] {
            State::Send(_) => self.send(state, closure, meter),
            State::Recv { may_end, .. } => self.receive(state, *may_end, closure, meter),
            State::Tau(targets) => self.silent(state, targets, closure, meter),
            State::Par { branches, then } => self.fork(branches, *then, closure, meter),
            scope @ State::Scope { .. } => self.enter(scope, closure),
            State::Join => self.join(state, closure),
            State::End => self.end(state, closure),
        };
        result.map_err(|mut error| {
            error.message = format!("state {}: {}", state.0, error.message);
            error
        })
    }

    /// That the places demand nothing but what `is_wanted`.
    pub(super) fn only(&self, closure: &Closure, is_wanted: impl Fn(Demand) -> bool) -> Check {
        match closure.demands.iter().find(|(_, demand)| !is_wanted(*demand)) {
            None => Ok(()),
            Some((node, Demand::Receive)) => violation("V6.15", format!("at node {} the role waits", node.0)),
            Some((node, _)) => violation("V6.14", format!("at node {} it does something else, or nothing", node.0)),
        }
    }

    /// That the target of a step covers a place behind it.
    pub(super) fn lead(&self, target: StateId, next: NodeId) -> Check {
        if self.covers(target, next) {
            return Ok(());
        }
        violation("V6.11", format!("state {} has no entry for node {}, which can follow", target.0, next.0))
    }

    fn send(&self, state: StateId, closure: &Closure, meter: &mut Meter) -> Check {
        self.only(closure, |demand| matches!(demand, Demand::Send | Demand::Choose))?;
        let rows = self.rows.of(state);
        // Per row how many places offer it, and the last of them.
        let mut offered = vec![(0, NodeId::default()); rows.len()];
        let mut offers = Vec::new();
        for (node, demand) in &closure.demands {
            let node = *node;
            offers.clear();
            self.sends(node, *demand, &mut offers)?;
            meter.spend(offers.len())?;
            for Offer { partner, label, next } in &offers {
                let at = rows.binary_search_by_key(&(*partner, *label), |row| (row.partner, row.label));
                let Ok(at) = at else {
                    return violation("V6.12", format!("node {} sends label {label} to role {partner}", node.0));
                };
                let (count, last) = &mut offered[at];
                if *count > 0 && *last == node {
                    return violation("V6.14", format!("node {} sends label {label} in two ways", node.0));
                }
                (*count, *last) = (*count + 1, node);
                self.lead(rows[at].target, *next)?;
            }
        }
        match offered.iter().position(|(count, _)| *count < closure.demands.len()) {
            None => Ok(()),
            Some(row) => {
                let Transition { partner, label, .. } = rows[row];
                let rule = if offered[row].0 == 0 { "V6.13" } else { "V6.14" };
                violation(rule, format!("label {label} is not sent to role {partner} at all its places"))
            }
        }
    }

    /// The sends a place offers: those of a message, or those all arms of a choice start with.
    fn sends(&self, node: NodeId, demand: Demand, offers: &mut Vec<Offer>) -> Check {
        let carried = self.ground.carried;
        let mut add = |node: NodeId| match carried.node(node) {
            Node::Comm { from, to, branches } if Role::from(*from) == self.role => {
                offers.extend(branches.iter().map(|branch| Offer {
                    partner: *to,
                    label: branch.label,
                    next: branch.target,
                }));
                Ok(())
            }
            _ => violation("V6.14", format!("node {} is no message it sends", node.0)),
        };
        match carried.node(node) {
            Node::Choice { arms, .. } if demand == Demand::Choose => arms.iter().try_for_each(|arm| add(*arm)),
            _ => add(node),
        }
    }

    fn receive(&mut self, state: StateId, may_end: bool, closure: &Closure, meter: &mut Meter) -> Check {
        let rows = self.rows.of(state);
        let mut offered = vec![false; rows.len()];
        let mut receives = Vec::new();
        let mut join = None;
        for (node, demand) in &closure.demands {
            let node = *node;
            match (demand, self.ground.carried.node(node)) {
                (Demand::Receive, Node::Comm { from, branches, .. }) => {
                    meter.spend(branches.len())?;
                    for Branch { label, target } in branches {
                        let Ok(at) = rows.binary_search_by_key(&(*from, *label), |row| (row.partner, row.label)) else {
                            return violation("V6.12", format!("node {} sends it label {label}", node.0));
                        };
                        offered[at] = true;
                        self.lead(rows[at].target, *target)?;
                        receives.push(Receive { partner: (*from).into(), label: (*label).into(), behind: *target });
                    }
                }
                (Demand::Join, _) if self.sight.can_act(node) => {
                    return violation("V6.22", format!("its part can be over at node {}, and it has to go on", node.0));
                }
                (Demand::Join, _) => join = Some(node),
                (Demand::Nothing, _) => {}
                _ => return violation("V6.15", format!("at node {} it does something", node.0)),
            }
        }
        if let Some(row) = offered.iter().position(|offered| !offered) {
            let Transition { partner, label, .. } = rows[row];
            return violation("V6.13", format!("nowhere does label {label} come from role {partner}"));
        }
        match (join, may_end, closure.finished(self)) {
            (Some(node), _, _) if rows.is_empty() => {
                return violation("V6.22", format!("its part ends at node {}", node.0));
            }
            (None, true, None) => return violation("V6.18", "something always comes"),
            (Some(node), false, _) | (None, false, Some(node)) => {
                return violation("V6.18", format!("at node {} nothing comes any more", node.0));
            }
            (Some(_), true, _) | (None, true, Some(_)) | (None, false, None) => {}
        }
        self.one_payload(rows, meter)?;
        self.in_order(&receives, meter)
    }

    /// One label of a partner has one payload.
    fn one_payload(&self, rows: &[Transition], meter: &mut Meter) -> Check {
        let names = self.ground.names;
        if names.is_empty() || rows.len() < 2 {
            return Ok(());
        }
        meter.spend(rows.len())?;
        let mut keys: Vec<_> = rows.iter().map(|row| (row.partner, names[usize::from(row.label)])).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => violation("V6.16", format!("one name comes from role {} with two payloads", pair[0].0)),
            None => Ok(()),
        }
    }

    /// No message can be taken in the place of another.
    fn in_order(&mut self, receives: &[Receive], meter: &mut Meter) -> Check {
        meter.spend(receives.len())?;
        match overtaken(&mut self.available, receives) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => {
                let (taken, early) = (receives[found.taken], receives[found.early]);
                let message = format!(
                    "label {} of role {} can be there before label {} of role {} is taken, which comes first",
                    early.label, early.partner, taken.label, taken.partner
                );
                violation("V6.17", message)
            }
            Err(TooMuch { .. }) => meter.exhausted(),
        }
    }

    fn fork(&self, branches: &[StateId], then: StateId, closure: &Closure, meter: &mut Meter) -> Check {
        let carried = self.ground.carried;
        self.only(closure, |demand| demand == Demand::Fork)?;
        let mut pars = Vec::new();
        for (node, _) in &closure.demands {
            let node = *node;
            if carried.way_count(node) != branches.len() + 1 {
                return violation("V6.20", format!("node {} does not have {} branches", node.0, branches.len()));
            }
            for (way, target) in branches.iter().chain([&then]).enumerate() {
                meter.spend(1)?;
                self.lead(*target, carried.successor(node, way))?;
            }
            pars.push(node);
        }
        if pars.len() > 1 {
            let skeleton = self.ground.skeleton;
            let depth = |rank: &u32| 1 + skeleton.nesting().depth(skeleton.node(*rank));
            meter.spend(self.sight.acts().iter().map(depth).sum())?;
        }
        match crossing(carried, self.ground.skeleton, self.role, &pars) {
            Some(at) => violation("V6.20", format!("the branches of node {} use channels of others", pars[at].0)),
            None => self.apart(branches, meter),
        }
    }

    /// That no two branches use one channel. Those of the choreography do not, but states may have more entries than they
    /// need.
    fn apart(&self, branches: &[StateId], meter: &mut Meter) -> Check {
        let mut used: BTreeMap<(u16, bool), usize> = BTreeMap::new();
        for (branch, start) in branches.iter().enumerate() {
            let mut seen = BTreeSet::new();
            let mut todo = vec![*start];
            while let Some(state) = todo.pop() {
                if !seen.insert(state) {
                    continue;
                }
                let rows = self.rows.of(state);
                meter.spend(1 + rows.len())?;
                todo.extend(rows.iter().map(|row| row.target));
                let sends = match &self.machine.states[state.0 as usize] {
                    State::Send(_) => true,
                    State::Recv { .. } => false,
                    State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join | State::End => continue,
                };
                for row in rows {
                    if *used.entry((row.partner, sends)).or_insert(branch) != branch {
                        return violation("V6.20", format!("two branches use one channel with role {}", row.partner));
                    }
                }
            }
        }
        Ok(())
    }

    fn enter(&self, state: &State, closure: &Closure) -> Check {
        let State::Scope { scope: own, body, rows: blocks, then } = state else { panic!("bug: it is a scope") };
        self.only(closure, |demand| demand == Demand::Enter)?;
        for (node, _) in &closure.demands {
            let node = *node;
            let next = match self.ground.carried.node(node) {
                Node::Scope { scope, body, rows, then } if scope == own => (body, rows, then),
                _ => return violation("V6.21", format!("node {} is not that scope", node.0)),
            };
            self.lead(*body, *next.0)?;
            // Both have the outcomes of the scope (V5.1, V6.7).
            for ((_, target), (_, block)) in blocks.iter().zip(next.1) {
                self.lead(*target, *block)?;
            }
            self.lead(*then, *next.2)?;
        }
        Ok(())
    }

    fn join(&self, state: StateId, closure: &Closure) -> Check {
        if let Some((_, node)) = self.entries.of(state).iter().find(|(_, node)| self.sight.inside(*node).is_none()) {
            return violation("V6.22", format!("node {} lies in no part it entered", node.0));
        }
        for (node, demand) in &closure.demands {
            if !matches!(demand, Demand::Join | Demand::Nothing) {
                return violation("V6.22", format!("its part is not over at node {}", node.0));
            }
        }
        if closure.demands.iter().any(|(_, demand)| *demand == Demand::Join) {
            return Ok(());
        }
        violation("V6.22", "no part is over at its places")
    }

    fn end(&self, state: StateId, closure: &Closure) -> Check {
        for (node, demand) in &closure.demands {
            if *demand != Demand::Nothing {
                return violation("V6.23", format!("at node {} it has to do something", node.0));
            }
        }
        match self.entries.of(state).iter().find(|(key, _)| matches!(key, Key::Finished(Some(_)))) {
            Some((_, node)) => violation("V6.23", format!("node {} lies in a part it entered", node.0)),
            None => Ok(()),
        }
    }
}
