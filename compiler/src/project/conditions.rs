//! When a state can be carried out: send validity, no mixed choice, receive validity, one payload per label, and what
//! branches run side by side need (PROJECTION §3). Says on the way whether the coinductive rule would have sufficed.

use super::closure::Closure;
use super::key::{Key, Keys};
use super::machine::UNKNOWN;
use super::offers::{Frontier, Offer};
use super::rejection::{Passed, Rejection, Rule};
use super::state::{Construction, Failure, Result, comm};
use crate::graph::{NodeId, NodeKind, Role};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

impl Construction<'_> {
    /// Checks what the nodes of a state demand.
    pub(super) fn check(&mut self, closure: &Closure, frontier: &Frontier) -> Result<()> {
        self.is_coinductive = self.is_coinductive && self.coinductive(closure, frontier);
        if let (Some(acting), Some(waiting)) = (frontier.acting(), frontier.receives.first()) {
            return Err(self.reject(Rule::MixedChoice, closure, [at(acting), at(waiting)]));
        }
        for (key, offers) in frontier.sends.iter().chain(frontier.locals.iter()) {
            self.send_validity(closure, key, offers)?;
        }
        if frontier.locals.len() == 1 {
            self.disjoint(closure, frontier.locals.all())?;
        }
        let Some(first) = frontier.receives.first() else { return Ok(()) };
        self.one_signature(closure, frontier)?;
        let needed = frontier.joins.iter().find(|join| self.ground.view.can_act(closure.items[**join as usize].node));
        if let Some(join) = needed {
            return Err(self.reject(Rule::Join, closure, [at(first), (*join, 0)]));
        }
        self.receive_validity(closure, frontier)?;
        if self.may_wait.is_none() && closure.may_end(self.ground.view) {
            let ended = (0..).zip(&closure.items).find(|(_, item)| !self.ground.view.can_act(item.node));
            let (ended, _) = ended.expect("a state that may end has such a place");
            self.may_wait = Some(self.runs(closure, [at(first), (ended, 0)]));
        }
        Ok(())
    }

    /// What is offered in a state is offered from every node of it.
    fn send_validity(&self, closure: &Closure, key: &Key, offers: &[Offer]) -> Result<()> {
        if key.contains(&UNKNOWN) {
            return Err(self.reject(Rule::UnknownValue, closure, [at(offers[0]), at(offers[0])]));
        }
        if closure.items.len() == 1 {
            return Ok(());
        }
        let targets: Vec<u32> = offers.iter().map(|offer| offer.item).collect();
        let Some(stuck) = closure.reaching(&targets).iter().position(|reaching| !reaching) else { return Ok(()) };
        let stuck = u32::try_from(stuck).expect("the state limit is below 2^32");
        let other = closure.other_end(stuck, &targets);
        Err(self.reject(Rule::SendValidity, closure, [at(offers[0]), (other, 0)]))
    }

    /// Merged branches of different `Par`s use different channels of the role, as those of one do.
    fn disjoint(&self, closure: &Closure, offers: &[Offer]) -> Result<()> {
        let mut used: FxHashMap<(Role, Role), usize> = FxHashMap::default();
        for offer in offers {
            let node = closure.items[offer.item as usize].node;
            let NodeKind::Par { branches, .. } = &self.ground.graph.node(node).kind else { return Ok(()) };
            if offers.len() == 1 {
                return Ok(());
            }
            for (index, branch) in branches.iter().enumerate() {
                for channel in self.channels(node, *branch) {
                    if *used.entry(channel).or_insert(index) != index {
                        return Err(self.reject(Rule::Parallel, closure, [at(offers[0]), at(*offer)]));
                    }
                }
            }
        }
        Ok(())
    }

    /// The channels of the role in a branch of `par`.
    fn channels(&self, par: NodeId, branch: NodeId) -> FxHashSet<(Role, Role)> {
        let graph = self.ground.graph;
        let mut channels = FxHashSet::default();
        let mut seen = FxHashSet::default();
        let mut todo = vec![branch];
        while let Some(node) = todo.pop() {
            let kind = &graph.node(node).kind;
            if matches!(kind, NodeKind::Join { of } if *of == par) || !seen.insert(node) {
                continue;
            }
            if let NodeKind::Comm { from, to, .. } = kind
                && (*from == self.ground.role || *to == self.ground.role)
            {
                channels.insert((*from, *to));
            }
            todo.extend(graph.successors(node));
        }
        channels
    }

    /// One label from one partner has one payload signature.
    fn one_signature(&self, closure: &Closure, frontier: &Frontier) -> Result<()> {
        let labels = &self.ground.graph.labels;
        if !self.has_alike_labels || closure.items.len() == 1 {
            return Ok(());
        }
        let mut seen: FxHashMap<(Role, &str), Offer> = FxHashMap::default();
        for ((partner, label), offers) in frontier.receives.iter() {
            if let Some(first) = seen.insert((*partner, labels[*label as usize].name.as_str()), offers[0]) {
                return Err(self.reject(Rule::Signature, closure, [at(first), at(offers[0])]));
            }
        }
        Ok(())
    }

    /// A message of another partner cannot be there before this one is consumed.
    fn receive_validity(&mut self, closure: &Closure, frontier: &Frontier) -> Result<()> {
        let partners: IndexSet<Role, FxBuildHasher> =
            frontier.receives.iter().map(|((partner, _), _)| *partner).collect();
        if partners.len() < 2 {
            return Ok(());
        }
        for ((taken, _), offers) in frontier.receives.iter() {
            for offer in offers {
                let node = closure.items[offer.item as usize].node;
                let cont = comm(self.ground.graph, node, offer.branch as usize, false).0;
                for partner in partners.iter().filter(|partner| *partner != taken) {
                    let Some(early) = self.available.first(cont, *partner) else {
                        return Err(self.reject(Rule::TooManyStates, closure, [at(*offer), at(*offer)]));
                    };
                    let clash = early
                        .iter()
                        .find_map(|label| frontier.receives.find(&(*partner, *label)).map(|other| (*label, other)));
                    if let Some((label, other)) = clash {
                        return Err(self.overtaken(closure, (*offer, cont), (*partner, label, other)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Behind `cont` the message of the offer `taken` can be overtaken by that label of `partner`, which is also offered
    /// as `early`.
    fn overtaken(
        &mut self,
        closure: &Closure,
        (taken, cont): (Offer, NodeId),
        (partner, label, early): (Role, u32, Offer),
    ) -> Failure {
        let runs = self.runs(closure, [at(taken), at(early)]);
        let (node, way) = self.ground.graph.message(runs[0].node, runs[0].branch);
        let behind = self.available.way_to(cont, partner, label).unwrap_or_default();
        let overtaking = [Passed { node, way }].into_iter().chain(behind).collect();
        let rejection = Rejection { role: self.ground.role, rule: Rule::ReceiveValidity, runs, overtaking };
        Failure::Rejected(Box::new(rejection))
    }

    /// The coinductive rule (PROJECTION §3, ladder): all nodes are finished or none; those with an action have one
    /// partner. That they agree on direction and labels of sends is checked anyway.
    fn coinductive(&self, closure: &Closure, frontier: &Frontier) -> bool {
        let acts = frontier.acting().is_some() || !frontier.receives.is_empty();
        !(acts && closure.may_end(self.ground.view))
            && one(frontier.sends.iter().map(|(key, _)| Keys::receiver(key)))
            && one(frontier.receives.iter().map(|((partner, _), _)| *partner))
    }
}

/// Whether there is at most one partner.
fn one(mut partners: impl Iterator<Item = Role>) -> bool {
    partners.next().is_none_or(|first| partners.all(|partner| partner == first))
}

/// The place of an offer.
fn at(offer: Offer) -> (u32, u32) {
    (offer.item, offer.branch)
}
