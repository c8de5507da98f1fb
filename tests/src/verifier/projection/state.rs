//! One state of a machine and its places: V6.11 to V6.23, and V6.9 of decisions.

use super::channel::{Receive, is_overtaken};
use super::entries;
use super::graph::are_apart;
use super::sight::{Demand, Sight};
use crate::verifier::table::all_differ;
use crate::verifier::{Findings, Role};
use std::collections::BTreeSet;
use tell_ir::choreography::{Node, NodeId};
use tell_ir::image::Outcome;
use tell_ir::machine::{State, StateId, Transition};

pub(super) fn check(role: &Role<'_>, sight: &Sight<'_>, (number, state): (StateId, &State), found: &mut Findings) {
    let decisions =
        role.machine.decisions.iter().filter(|place| place.state == number).map(|place| place.node).collect();
    let entries: Vec<NodeId> = entries(role.machine, number).collect();
    let places = sight.places(entries.iter().copied(), &decisions);
    let demands = places.iter().filter_map(|node| Some((*node, sight.demand(*node)?))).collect();
    let mut look = Look { role, sight, number, entries, decisions, places, demands, found };
    match state {
        State::Send(rows) => look.send(rows),
        State::Recv { rows, may_end } => look.receive(rows, *may_end),
        State::Tau(targets) => look.silent(targets),
        State::Par { branches, then } => look.fork(branches, *then),
        State::Scope { scope, body, rows, then } => look.enter(*scope, *body, rows, *then),
        State::Join => look.join(),
        State::End => look.end(),
    }
}

/// A state, and where the choreography can be in it.
struct Look<'a> {
    role: &'a Role<'a>,
    sight: &'a Sight<'a>,
    number: StateId,
    entries: Vec<NodeId>,
    decisions: BTreeSet<NodeId>,
    places: BTreeSet<NodeId>,
    /// The places at which something has to be done, or nothing any more.
    demands: Vec<(NodeId, Demand)>,
    found: &'a mut Findings,
}

impl<'a> Look<'a> {
    fn require(&mut self, holds: bool, rule: &'static str) {
        self.found.require(holds, rule, self.role.spot("state", self.number.0 as usize));
    }

    fn node(&self, node: NodeId) -> &'a Node {
        self.sight.graph.node(node)
    }

    /// The places at which one of these has to be done.
    fn demanding(&self, wanted: &[Demand]) -> Vec<NodeId> {
        self.demands.iter().filter(|(_, demand)| wanted.contains(demand)).map(|(node, _)| *node).collect()
    }

    /// V6.14, V6.15 of a state that does nothing but these.
    fn only(&mut self, wanted: &[Demand]) {
        let others: Vec<Demand> = self.demands.iter().map(|demand| demand.1).filter(|d| !wanted.contains(d)).collect();
        self.require(!others.contains(&Demand::Receive), "V6.15");
        self.require(others.iter().all(|demand| *demand == Demand::Receive), "V6.14");
    }

    /// V6.11
    fn lead(&mut self, target: StateId, next: NodeId) {
        let covers = entries(self.role.machine, target).any(|entry| self.sight.is_same(entry, next));
        self.require(covers, "V6.11");
    }

    /// Behind each way of a node the state of the same place in the list.
    fn lead_all(&mut self, targets: &[StateId], node: NodeId) {
        for (target, next) in targets.iter().zip(self.sight.graph.ways(node)) {
            self.lead(*target, next);
        }
    }

    fn send(&mut self, rows: &[Transition]) {
        self.only(&[Demand::Send, Demand::Choose]);
        let mut offered = Vec::new();
        for node in self.demanding(&[Demand::Send, Demand::Choose]) {
            let messages = self.messages(node);
            self.require(messages.is_some(), "V6.14");
            let messages = messages.unwrap_or_default();
            self.require(all_differ(messages.iter().map(|message| (message.0, message.1))), "V6.14");
            for (partner, label, next) in &messages {
                self.row(rows, (*partner, *label), *next);
            }
            offered.push(messages.into_iter().map(|message| (message.0, message.1)).collect::<BTreeSet<_>>());
        }
        for row in rows {
            let by = offered.iter().filter(|messages| messages.contains(&(row.partner, row.label))).count();
            self.require(by > 0, "V6.13");
            self.require(by == 0 || by == offered.len(), "V6.14");
        }
    }

    /// The messages a place offers to send: receiver, label, what follows. All arms of a choice begin with one.
    fn messages(&self, node: NodeId) -> Option<Vec<(u16, u16, NodeId)>> {
        let starts = match self.node(node) {
            Node::Choice { arms, .. } => arms.clone(),
            _ => vec![node],
        };
        let mut messages = Vec::new();
        for start in starts {
            match self.node(start) {
                Node::Comm { from, to, branches } if *from == self.role.number => {
                    messages.extend(branches.iter().map(|branch| (*to, branch.label, branch.target)));
                }
                _ => return None,
            }
        }
        Some(messages)
    }

    /// V6.12 of a message, and where its row leads.
    fn row(&mut self, rows: &[Transition], message: (u16, u16), next: NodeId) {
        let row = rows.iter().find(|row| (row.partner, row.label) == message);
        self.require(row.is_some(), "V6.12");
        if let Some(row) = row {
            self.lead(row.target, next);
        }
    }

    fn receive(&mut self, rows: &[Transition], may_end: bool) {
        let is_quiet = |demand: &Demand| matches!(demand, Demand::Receive | Demand::Join | Demand::Nothing);
        self.require(self.demands.iter().all(|(_, demand)| is_quiet(demand)), "V6.15");
        let mut receives = Vec::new();
        for node in self.demanding(&[Demand::Receive]) {
            let Node::Comm { from, branches, .. } = self.node(node) else { continue };
            for branch in branches {
                self.row(rows, (*from, branch.label), branch.target);
                receives.push(Receive { partner: *from, label: branch.label, behind: branch.target });
            }
        }
        for row in rows {
            let is_offered = receives.iter().any(|it| (it.partner, it.label) == (row.partner, row.label));
            self.require(is_offered, "V6.13");
        }
        let joins = self.demanding(&[Demand::Join]);
        self.require(!joins.iter().any(|join| self.sight.can_act(*join)), "V6.22");
        self.require(joins.is_empty() || !rows.is_empty(), "V6.22");
        let nothing_comes = self.places.iter().any(|node| !self.sight.can_act(*node));
        self.require(may_end == (nothing_comes || !joins.is_empty()), "V6.18");
        let name = |label: u16| self.role.image.labels.get(usize::from(label)).map(|label| &label.name);
        let names_differ = all_differ(rows.iter().map(|row| (row.partner, name(row.label))));
        self.require(names_differ, "V6.16");
        match is_overtaken(self.sight.graph, self.role.number, &receives) {
            Some(is_overtaken) => self.require(!is_overtaken, "V6.17"),
            None => self.found.gave_up = true,
        }
    }

    fn silent(&mut self, targets: &[StateId]) {
        if !self.decisions.is_empty() && self.places.iter().all(|node| self.sight.is_over(*node)) {
            // What it decides matters for its own values only.
            for node in self.places.clone() {
                targets.iter().for_each(|target| self.lead(*target, node));
            }
            return;
        }
        let mut decisions = self.decisions.iter();
        let are_taken = decisions.all(|node| self.places.contains(node) && self.sight.demand(*node).is_none());
        self.require(are_taken, "V6.9");
        let own: &[Demand] = if self.decisions.is_empty() { &[Demand::Choose, Demand::Act] } else { &[] };
        self.only(own);
        for node in self.demanding(own).into_iter().chain(self.decisions.clone()) {
            self.require(self.sight.graph.ways(node).len() == targets.len(), "V6.19");
            self.lead_all(targets, node);
        }
    }

    fn fork(&mut self, branches: &[StateId], then: StateId) {
        self.only(&[Demand::Fork]);
        let targets: Vec<StateId> = branches.iter().copied().chain([then]).collect();
        let pars = self.demanding(&[Demand::Fork]);
        for par in &pars {
            self.require(self.sight.graph.ways(*par).len() == targets.len(), "V6.20");
            self.lead_all(&targets, *par);
        }
        let meant: Vec<_> = (0..branches.len()).map(|way| self.meant(&pars, way)).collect();
        self.require(are_apart(&meant), "V6.20");
        let used: Vec<_> = branches.iter().map(|start| self.used(*start)).collect();
        self.require(are_apart(&used), "V6.20");
    }

    /// The channels that the choreography uses in those branches, so far as they are of this role.
    fn meant(&self, pars: &[NodeId], way: usize) -> BTreeSet<(u16, u16)> {
        let all = pars.iter().flat_map(|par| self.sight.graph.channels((*par, way)));
        all.filter(|(from, to)| [*from, *to].contains(&self.role.number)).collect()
    }

    /// The channels that the machine uses from a state on.
    fn used(&self, start: StateId) -> BTreeSet<(u16, u16)> {
        let (mut seen, mut used) = (BTreeSet::new(), BTreeSet::new());
        let mut todo = vec![start];
        while let Some(state) = todo.pop() {
            let Some(state) = self.role.state(state).filter(|_| seen.insert(state)) else { continue };
            todo.extend(crate::verifier::machine::next(state));
            match state {
                State::Send(rows) => used.extend(rows.iter().map(|row| (self.role.number, row.partner))),
                State::Recv { rows, .. } => used.extend(rows.iter().map(|row| (row.partner, self.role.number))),
                State::End | State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join => {}
            }
        }
        used
    }

    fn enter(&mut self, scope: u32, body: StateId, rows: &[(Outcome, StateId)], then: StateId) {
        self.only(&[Demand::Enter]);
        let targets: Vec<StateId> = [body].into_iter().chain(rows.iter().map(|row| row.1)).chain([then]).collect();
        for node in self.demanding(&[Demand::Enter]) {
            let is_it = matches!(self.node(node), Node::Scope { scope: entered, .. } if *entered == scope);
            self.require(is_it, "V6.21");
            self.lead_all(&targets, node);
        }
    }

    fn join(&mut self) {
        self.require(self.entries.iter().all(|entry| self.sight.inside(*entry).is_some()), "V6.22");
        let is_end = |demand: &Demand| matches!(demand, Demand::Join | Demand::Nothing);
        self.require(self.demands.iter().all(|(_, demand)| is_end(demand)), "V6.22");
        self.require(!self.demanding(&[Demand::Join]).is_empty(), "V6.22");
    }

    fn end(&mut self) {
        self.require(self.demands.iter().all(|(_, demand)| *demand == Demand::Nothing), "V6.23");
        self.require(self.entries.iter().all(|entry| self.sight.inside(*entry).is_none()), "V6.23");
    }
}
