//! States that enter a `Par` or scope, and those at the end of a part.
//!
//! What a part binds and is needed behind it is carried over its join; see [`super::parts`]. A carried binding is a new
//! value behind the join, whatever it was before.

use super::closure::{Closure, Item, lookup};
use super::machine::{Inside, Kind, Scope, Slot, StateId, Step, UNKNOWN, Value};
use super::offers::Offer;
use super::state::{Construction, Failure, Result};
use crate::graph::{GVar, NodeId, NodeKind};

impl Construction<'_> {
    /// Enters the branches of a `Par`.
    pub(super) fn par(&mut self, closure: &Closure, offers: &[Offer], at: (StateId, u32)) -> Result<Kind> {
        let node = closure.items[offers[0].item as usize].node;
        let count = self.ground.graph.way_count(node) - 1;
        let mut branches = Vec::with_capacity(count);
        for branch in 0..count {
            branches.push(self.part(closure, offers, at, (branch, branch), &[])?);
        }
        let joined = self.ground.view.joined(node);
        let then = self.way(closure, offers, at.1, count, &self.carried(node, &joined))?;
        Ok(Kind::Par { branches: branches.into(), then: Box::new(then), joined: joined.into() })
    }

    /// Enters a scope.
    pub(super) fn scope(&mut self, closure: &Closure, offers: &[Offer], at: (StateId, u32)) -> Result<Kind> {
        let (graph, view) = (self.ground.graph, self.ground.view);
        let site = self.site(closure, offers[0]);
        let node = site.node;
        let NodeKind::Timed { owner, outcomes, .. } = &graph.node(node).kind else {
            panic!("bug: a scope was offered")
        };
        let body = self.part(closure, offers, at, (0, 0), &[])?;
        let cells = self.cells(closure, offers, node);
        let done: &[GVar] = if view.leads_to_done(node, 0) { view.carried(node, 0) } else { &[] };
        let mut blocks = Vec::with_capacity(outcomes.len());
        for (way, outcome) in (1..).zip(outcomes) {
            let mut made: Vec<(GVar, Option<Value>)> = if outcome.name == "done" {
                self.carried(node, done)
            } else {
                let index = |var: &GVar| cells.iter().position(|(cell, _)| cell == var);
                let cell = |var: &GVar| index(var).map(|index| Value::Cell(number(index)));
                view.live(outcome.cont).iter().map(|var| (*var, cell(var))).collect()
            };
            // What the body does not bind is what it was at the entry.
            made.retain(|(var, _)| view.binds_in(node, 0, *var));
            made.extend(outcome.bind.map(|bind| (bind, Some(Value::Bound(0)))));
            blocks.push((outcome.name.clone(), self.part(closure, offers, at, (way, way), &made)?));
        }
        let joined = view.joined(node);
        let then = self.way(closure, offers, at.1, outcomes.len() + 1, &self.carried(node, &joined))?;
        let (done, joined) = (done.into(), joined.into());
        Ok(Kind::Scope(Box::new(Scope { site, owner: *owner, body, outcomes: blocks, then, done, joined, cells })))
    }

    /// The end of a part. Runs that look the same and carry different values leave the role without the binding.
    pub(super) fn join(&self, closure: &Closure, joins: &[u32]) -> Result<Kind> {
        let items: Vec<&Item> = joins.iter().map(|join| &closure.items[*join as usize]).collect();
        let (view, graph) = (self.ground.view, self.ground.graph);
        let NodeKind::Join { of } = graph.node(items[0].node).kind else { panic!("bug: a join was offered") };
        let part = self.inside.expect("a join lies in a part").part as usize;
        let vars = view.carried(of, part);
        if vars.is_empty() {
            return Ok(Kind::Join { carried: [].into() });
        }
        let behind = if view.leads_to_done(of, part) { vars.to_vec() } else { view.joined(of) };
        let mut carried: Vec<(u32, Slot)> = Vec::with_capacity(vars.len());
        for var in vars.iter().filter(|var| !self.blurred.contains(&(of, **var))) {
            let slot = lookup(view, items[0].node, &items[0].sigma, *var);
            let same = |item: &&Item| lookup(view, item.node, &item.sigma, *var) == slot;
            if slot == UNKNOWN || !items.iter().all(same) {
                return Err(Failure::Blurred(of, *var));
            }
            let index = behind.binary_search(var).expect("what a join needs is needed behind it");
            carried.push((number(index), slot));
        }
        Ok(Kind::Join { carried: carried.into() })
    }

    /// The bindings that are carried somewhere, with their values there.
    fn carried(&self, node: NodeId, vars: &[GVar]) -> Vec<(GVar, Option<Value>)> {
        let known = |var: &GVar| !self.blurred.contains(&(node, *var));
        let vars = (0..).zip(vars);
        vars.map(|(index, var)| (*var, known(var).then_some(Value::Carried(index)))).collect()
    }

    /// The cells of a scope whose value at the entry is known.
    fn cells(&self, closure: &Closure, offers: &[Offer], node: NodeId) -> Box<[(GVar, Slot)]> {
        let slot = |offer: &Offer, var: GVar| {
            let item = &closure.items[offer.item as usize];
            lookup(self.ground.view, item.node, &item.sigma, var)
        };
        let known = |var: GVar| {
            let first = slot(&offers[0], var);
            let agree = first != UNKNOWN && offers.iter().all(|offer| slot(offer, var) == first);
            agree.then_some((var, first))
        };
        self.ground.view.cells(node).into_iter().filter_map(known).collect()
    }

    /// The step into a part, by that way of the node.
    fn part(
        &mut self,
        closure: &Closure,
        offers: &[Offer],
        (of, slots): (StateId, u32),
        (part, way): (usize, usize),
        made: &[(GVar, Option<Value>)],
    ) -> Result<Step> {
        let around = self.inside.replace(Inside { of, part: number(part) });
        let step = self.way(closure, offers, slots, way, made);
        self.inside = around;
        step
    }

    /// The step by one way of the offering nodes, where `made` says which bindings have new values.
    fn way(
        &mut self,
        closure: &Closure,
        offers: &[Offer],
        slots: u32,
        way: usize,
        made: &[(GVar, Option<Value>)],
    ) -> Result<Step> {
        let offers: Vec<Offer> = offers.iter().map(|offer| Offer::new(offer.item, number(way))).collect();
        self.step_with(closure, &offers, slots, &|index| made[index as usize].1, &|graph, node, way| {
            (graph.successor(node, way), made.iter().map(|(var, _)| *var).collect())
        })
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("the node limit is below 2^32")
}
