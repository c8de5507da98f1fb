//! Runs of scopes (LANGUAGE §4): who is in which one, how they end, and how their numbers stay small.
//!
//! A run of a scope is the path of the runs around it, its node, and how often its role came there before; `part` 0 is
//! the body, 1 and up the blocks of the outcomes.

use super::code::Code;
use super::config::{Config, Outcome};
use super::system::System;
use super::term::{Term, TermId, Terms};
use crate::graph::Role;
use std::collections::BTreeMap;

/// Where a role is, seen from a part of a run of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It can still come there.
    Before,
    Inside,
    /// It has left it for ever.
    After,
}

/// The parts of `Term::Instance`.
fn instance(terms: &Terms, id: TermId) -> (TermId, u32, u32, u32) {
    match *terms.get(id) {
        Term::Instance { parent, node, number, part } => (parent, node, number, part),
        _ => panic!("bug: only runs of scopes are asked for"),
    }
}

/// Where a role is, seen from a run; 0 is the whole session.
pub(super) fn place(terms: &Terms, config: &Config, role: Role, id: TermId) -> Place {
    let mut path = Vec::new();
    let mut at = id;
    while at != 0 {
        path.push(at);
        at = instance(terms, at).0;
    }
    for level in path.into_iter().rev() {
        let (parent, node, number, part) = instance(terms, level);
        let own = config.threads[config.of_role(role)].iter().filter(|thread| thread.instance != 0);
        let mut parts = own.filter_map(|thread| {
            let own = instance(terms, thread.instance);
            ((own.0, own.1, own.2) == (parent, node, number)).then_some(own.3)
        });
        match parts.next() {
            Some(own) if own == part => {}
            Some(own) => return if own < part { Place::Before } else { Place::After },
            None if config.count(role, parent, node) <= number => return Place::Before,
            None => return Place::After,
        }
    }
    Place::Inside
}

impl System {
    /// Whether a role is still in the body of the scope of its thread.
    pub(super) fn is_in_body(&self, config: &Config, at: usize) -> bool {
        instance(&self.terms, config.threads[at].instance).3 == 0
    }

    /// Goes into a scope.
    pub(super) fn enter_scope(&mut self, config: &mut Config, at: usize, node: u32) {
        let parent = config.instance_around(at);
        let number = config.count_up(config.threads[at].role, parent, node);
        let run = Term::Instance { parent, node, number, part: 0 };
        config.threads[at].instance = self.terms.intern(run).expect("runs may nest");
    }

    /// What was decided about the run a thread is in.
    pub(super) fn outcome<'c>(&self, config: &'c Config, at: usize) -> Option<&'c Outcome> {
        config.outcomes.iter().find(|outcome| outcome.instance == config.threads[at].instance)
    }

    /// Whether an outcome belongs to some run of the scope a thread is in.
    pub(super) fn is_same_scope(&self, config: &Config, outcome: &Outcome, at: usize) -> bool {
        let scope = |id: TermId| (instance(&self.terms, id).0, instance(&self.terms, id).1);
        scope(outcome.instance) == scope(config.threads[at].instance)
    }

    /// The owner decides; everybody who is not past the scope has to learn of it.
    pub(super) fn decide(&self, config: &mut Config, at: usize, node: u32, block: Option<u32>, is_done: bool) {
        let instance = config.threads[at].instance;
        let roles = self.code.scopes.get(&node).into_iter().flatten().copied();
        let remaining = roles.filter(|role| place(&self.terms, config, *role, instance) != Place::After).collect();
        config.outcomes.push(Outcome { instance, block, is_done, remaining });
        config.outcomes.sort_unstable_by_key(|outcome| outcome.instance);
    }

    /// A role learns the outcome: what it does in the body is over. Returns the block it goes on with.
    pub(super) fn learn(&mut self, config: &mut Config, at: usize) -> Option<u32> {
        let run = config.threads[at].instance;
        let role = config.threads[at].role;
        let block = self.outcome(config, at).and_then(|outcome| outcome.block);
        let gone = config.inside(at);
        config.threads.drain(gone);
        self.forget_below(config, role, run);
        for outcome in config.outcomes.iter_mut().filter(|outcome| outcome.instance == run) {
            outcome.remaining.retain(|other| *other != role);
        }
        config.outcomes.retain(|outcome| !outcome.remaining.is_empty());
        config.threads[at].instance = match block {
            None => 0,
            Some(block) => {
                let (parent, node, number, _) = instance(&self.terms, run);
                let run = Term::Instance { parent, node, number, part: block + 1 };
                self.terms.intern(run).expect("runs may nest")
            }
        };
        block
    }

    /// A role comes to the end of the block of an outcome.
    pub(super) fn leave_scope(&self, config: &mut Config, at: usize) {
        let run = std::mem::replace(&mut config.threads[at].instance, 0);
        config.threads.drain(config.inside(at));
        self.forget_below(config, config.threads[at].role, run);
    }

    /// A role left a part of a run: nothing inside it concerns the role any more.
    pub(super) fn forget_below(&self, config: &mut Config, role: Role, run: TermId) {
        let below = |id: TermId| {
            let mut at = id;
            while at != 0 && at != run {
                at = instance(&self.terms, at).0;
            }
            at == run
        };
        config.counts.retain(|count| count.role != role || count.parent == 0 || !below(count.parent));
        for outcome in config.outcomes.iter_mut().filter(|outcome| outcome.instance != run && below(outcome.instance)) {
            outcome.remaining.retain(|other| *other != role);
        }
        config.outcomes.retain(|outcome| !outcome.remaining.is_empty());
    }

    /// Drops messages at the head of a role's channels that were sent in a part the role has left.
    pub(super) fn discard(&self, config: &mut Config) {
        let mut at = 0;
        while at < config.messages.len() {
            let message = &config.messages[at];
            let is_head = at == 0 || config.messages[at - 1].edge != message.edge;
            let to = self.code.edges[message.edge as usize].1;
            if is_head && message.instance != 0 && place(&self.terms, config, to, message.instance) == Place::After {
                config.messages.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Runs of one scope are counted from the oldest one that still matters, so that loops stay finite.
    pub(super) fn renumber(&mut self, config: &mut Config) {
        let mut used: Vec<TermId> = config.threads.iter().map(|thread| thread.instance).collect();
        used.extend(config.messages.iter().map(|message| message.instance));
        used.extend(config.outcomes.iter().map(|outcome| outcome.instance));
        used.extend(config.counts.iter().map(|count| count.parent));
        let mut renumbered: BTreeMap<TermId, TermId> = BTreeMap::from([(0, 0)]);
        while let Some(id) = used.pop() {
            if renumbered.insert(id, id).is_none() {
                used.push(instance(&self.terms, id).0);
            }
        }
        let mut bases: BTreeMap<(TermId, u32), u32> = BTreeMap::new();
        for count in &config.counts {
            let key = (count.parent, count.node);
            bases.entry(key).or_insert_with(|| base(&self.code, &self.terms, config, &renumbered, key));
        }
        if bases.values().all(|base| *base == 0) {
            return;
        }
        // A run is interned after the run around it, so ascending order meets that one first.
        let ids: Vec<TermId> = renumbered.keys().copied().filter(|id| *id != 0).collect();
        for id in ids {
            let (parent, node, number, part) = instance(&self.terms, id);
            let number = number - bases.get(&(parent, node)).copied().unwrap_or(0);
            let run = Term::Instance { parent: renumbered[&parent], node, number, part };
            renumbered.insert(id, self.terms.intern(run).expect("runs may nest"));
        }
        self.rename_decisions(config, &bases);
        config.threads.iter_mut().for_each(|thread| thread.instance = renumbered[&thread.instance]);
        config.messages.iter_mut().for_each(|message| message.instance = renumbered[&message.instance]);
        config.outcomes.iter_mut().for_each(|outcome| outcome.instance = renumbered[&outcome.instance]);
        for count in &mut config.counts {
            count.next = count.next.saturating_sub(bases[&(count.parent, count.node)]);
            count.parent = renumbered[&count.parent];
        }
        config.outcomes.sort_unstable_by_key(|outcome| outcome.instance);
        config.counts.retain(|count| count.next > 0);
        config.counts.sort_unstable();
    }

    /// Unnamed decisions everybody took are forgotten, the others renumbered.
    fn rename_decisions(&mut self, config: &mut Config, bases: &BTreeMap<(TermId, u32), u32>) {
        for (key, _) in &mut config.decided {
            let Some((node, number)) = self.unnamed(*key) else { continue };
            let base = bases.get(&(0, node)).copied().unwrap_or(0);
            // Number 0 is no decision, so it marks those to forget.
            *key = match number.checked_sub(base) {
                Some(number) => self.unnamed_key(node, number),
                None => 0,
            };
        }
        config.decided.retain(|(key, _)| *key != 0);
        config.decided.sort_unstable();
    }
}

/// The lowest number among the runs of a scope, or visits of an unnamed decision, that still matters to somebody.
fn base(
    code: &Code,
    terms: &Terms,
    config: &Config,
    used: &BTreeMap<TermId, TermId>,
    (parent, node): (TermId, u32),
) -> u32 {
    let next = |role: Role| match place(terms, config, role, parent) {
        Place::Before => Some(0),
        Place::Inside => Some(config.count(role, parent, node)),
        Place::After => None,
    };
    let visits = |role: Role| can_ask(code, config, role, node).then(|| config.count(role, parent, node));
    let roles = code.scopes.get(&node).into_iter().flatten().filter_map(|role| next(*role));
    let deciders = code.opaque.get(&node).into_iter().flat_map(|_| (0..).take(code.ops.len())).filter_map(visits);
    let runs = used.keys().filter(|id| **id != 0).filter_map(|id| {
        let run = instance(terms, *id);
        ((run.0, run.1) == (parent, node)).then_some(run.2)
    });
    let all = config.counts.iter().filter(|count| (count.parent, count.node) == (parent, node));
    // If nobody is left who could come there, all counts are alike.
    roles.chain(deciders).chain(runs).min().or(all.map(|count| count.next).max()).unwrap_or(0)
}

/// Whether a role can still take an unnamed decision.
fn can_ask(code: &Code, config: &Config, role: Role, node: u32) -> bool {
    let Some(can) = code.opaque.get(&node).map(|roles| &roles[role as usize]) else { return false };
    config.threads[config.of_role(role)].iter().any(|thread| can[thread.state as usize])
}
