//! When a state can be carried out: send validity, no mixed choice, receive validity, one payload per label, and what
//! branches run side by side need (PROJECTION §3). Says on the way whether the coinductive rule would have sufficed.

use super::closure::Closure;
use super::key::{Key, Keys};
use super::machine::UNKNOWN;
use super::offers::{Frontier, Offer};
use super::rejection::{Passed, Rejection, Rule};
use super::state::{Construction, Failure, Result, comm};
use crate::graph::{NodeId, NodeKind, Role};
use rustc_hash::FxHashMap;
use tell_ir::implementable::{Receive, TooMuch, crossing, overtaken};

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

    /// What is offered in a state is offered behind every node of it.
    fn send_validity(&self, closure: &Closure, key: &Key, offers: &[Offer]) -> Result<()> {
        if key.contains(&UNKNOWN) {
            return Err(self.reject(Rule::UnknownValue, closure, [at(offers[0]), at(offers[0])]));
        }
        // Each item leads to one of the frontier, be it one where the role has nothing more to do.
        let is_offered = |item: &&u32| offers.iter().any(|offer| offer.item == **item);
        match closure.frontier.iter().find(|item| !is_offered(item)) {
            Some(other) => Err(self.reject(Rule::SendValidity, closure, [at(offers[0]), (*other, 0)])),
            None => Ok(()),
        }
    }

    /// Merged branches of different `Par`s use different channels of the role.
    fn disjoint(&self, closure: &Closure, offers: &[Offer]) -> Result<()> {
        let graph = self.ground.graph;
        let nodes: Vec<NodeId> = offers.iter().map(|offer| closure.items[offer.item as usize].node).collect();
        if !matches!(graph.node(nodes[0]).kind, NodeKind::Par { .. }) {
            return Ok(());
        }
        match crossing(graph, self.ground.view.skeleton(), self.ground.role, &nodes) {
            Some(other) => Err(self.reject(Rule::Parallel, closure, [at(offers[0]), at(offers[other])])),
            None => Ok(()),
        }
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
        let Some(first) = frontier.receives.keys().next() else { return Ok(()) };
        if frontier.receives.keys().all(|(partner, _)| *partner == first.0) {
            return Ok(());
        }
        let graph = self.ground.graph;
        let mut offers: Vec<Offer> = Vec::new();
        let mut receives: Vec<Receive> = Vec::new();
        for ((partner, label), group) in frontier.receives.iter() {
            for offer in group {
                let node = closure.items[offer.item as usize].node;
                let behind = comm(graph, node, offer.branch as usize, false).0;
                receives.push(Receive { partner: *partner, label: *label, behind });
                offers.push(*offer);
            }
        }
        match overtaken(&mut self.available, &receives) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => {
                let (taken, early) = (receives[found.taken], receives[found.early]);
                let behind = self.available.way_to(taken.behind, early.partner, early.label).unwrap_or_default();
                Err(self.overtaken(closure, [offers[found.taken], offers[found.early]], behind))
            }
            Err(TooMuch { at: offer }) => {
                Err(self.reject(Rule::TooManyStates, closure, [at(offers[offer]), at(offers[offer])]))
            }
        }
    }

    /// Behind the offer `taken` its message can be overtaken by that of the other, in the way `behind`.
    fn overtaken(&self, closure: &Closure, [taken, early]: [Offer; 2], behind: Vec<(NodeId, usize)>) -> Failure {
        let runs = self.runs(closure, [at(taken), at(early)]);
        let first = self.ground.graph.message(runs[0].node, runs[0].branch);
        let overtaking = [first].into_iter().chain(behind).map(|(node, way)| Passed { node, way }).collect();
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
