//! What a role is offered in a state: the actions of the nodes it can be at, equal ones together.

use super::closure::{Closure, Ground, Item};
use super::key::{Key, Keys};
use crate::graph::{NodeKind, Role};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::hash::Hash;
use tell_ir::implementable::Demand;

/// One node that offers an action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    group: u32,
    /// The item of the closure.
    pub(super) item: u32,
    /// The branch of its node.
    pub(super) branch: u32,
}

impl Offer {
    /// The offer of one action alone.
    pub(super) fn new(item: u32, branch: u32) -> Self {
        Self { group: 0, item, branch }
    }
}

/// Offers by the action they offer, in order of first appearance.
pub(super) struct Offers<K> {
    keys: IndexSet<K, FxBuildHasher>,
    /// Ordered by group.
    all: Vec<Offer>,
}

impl<K: Hash + Eq> Default for Offers<K> {
    fn default() -> Self {
        Self { keys: IndexSet::default(), all: Vec::new() }
    }
}

impl<K: Hash + Eq> Offers<K> {
    fn add(&mut self, key: K, item: u32, branch: usize) {
        let group = u32::try_from(self.keys.insert_full(key).0).expect("fewer actions than nodes");
        self.all.push(Offer { group, item, branch: u32::try_from(branch).expect("the node limit is below 2^32") });
    }

    fn sort(&mut self) {
        self.all.sort_by_key(|offer| offer.group);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Number of different actions.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn first(&self) -> Option<Offer> {
        self.all.first().copied()
    }

    /// All offers.
    pub(super) fn all(&self) -> &[Offer] {
        &self.all
    }

    /// The offers of each action.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[Offer]> {
        self.all.chunk_by(|one, other| one.group == other.group)
    }

    /// Each action with its offers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &[Offer])> {
        self.keys.iter().zip(self.groups())
    }

    /// Each action.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.keys.iter()
    }
}

/// The frontier of a closure by kind.
#[derive(Default)]
pub(super) struct Frontier {
    pub(super) sends: Offers<Key>,
    /// Local actions, named choices, entries of `Par` and scopes.
    pub(super) locals: Offers<Key>,
    /// By partner and label.
    pub(super) receives: Offers<(Role, u32)>,
    /// Ends of the choreography and nodes with nothing to do at or behind them.
    pub(super) ends: Vec<u32>,
    /// Ends of branches and blocks.
    pub(super) joins: Vec<u32>,
}

impl Frontier {
    pub(super) fn new(ground: &Ground<'_>, keys: &mut Keys<'_>, closure: &Closure) -> Self {
        let mut frontier = Self::default();
        for index in &closure.frontier {
            frontier.add(ground, keys, closure, *index);
        }
        frontier.sends.sort();
        frontier.locals.sort();
        frontier.receives.sort();
        frontier
    }

    fn add(&mut self, ground: &Ground<'_>, keys: &mut Keys<'_>, closure: &Closure, index: u32) {
        let Item { node, sigma, stop, .. } = &closure.items[index as usize];
        let graph = ground.graph;
        let demand = ground.view.demand(*node, *stop);
        match &graph.node(*node).kind {
            _ if demand == Some(Demand::Join) => self.joins.push(index),
            _ if demand == Some(Demand::Nothing) => self.ends.push(index),
            NodeKind::Comm { from, to, branches } if *from == ground.role => {
                for (position, branch) in branches.iter().enumerate() {
                    self.sends.add(keys.send(*node, *to, branch, sigma), index, position);
                }
            }
            NodeKind::Comm { from, branches, .. } => {
                for (position, branch) in branches.iter().enumerate() {
                    self.receives.add((*from, branch.label), index, position);
                }
            }
            NodeKind::Choice { arms, .. } if arms.iter().any(|arm| arm.name.is_none()) => {
                for position in 0..arms.len() {
                    let (send, branch) = graph.message(*node, position);
                    let NodeKind::Comm { to, branches, .. } = &graph.node(send).kind else {
                        panic!("bug: an arm without a name starts with a send")
                    };
                    self.sends.add(keys.send(send, *to, &branches[branch], sigma), index, position);
                }
            }
            NodeKind::Choice { arms, .. } => self.locals.add(keys.decide(*node, arms, sigma), index, 0),
            NodeKind::Local { action, .. } => self.locals.add(keys.local(*node, action, sigma), index, 0),
            NodeKind::Par { branches, .. } => self.locals.add(keys.par(*node, branches.len()), index, 0),
            NodeKind::Timed { owner, deadline, .. } => {
                let deadline = deadline.filter(|_| *owner == ground.role);
                self.locals.add(keys.scope(*node, deadline, sigma), index, 0);
            }
            NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } | NodeKind::Join { .. } => {
                self.ends.push(index);
            }
        }
    }

    /// Everything that is offered but receives.
    pub(super) fn acting(&self) -> Option<Offer> {
        self.sends.first().or(self.locals.first())
    }
}
