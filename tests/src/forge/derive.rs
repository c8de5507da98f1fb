//! Machines for any choreography, by subset construction, without asking whether they can be carried out: where the places
//! of a state demand different things, the role does one of them.

use crate::numbers::Numbers;
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::choreography::{Carried, Node, NodeId, Place};
use tell_ir::image::{CodeImage, Edge, Function};
use tell_ir::implementable::{Control, Demand, Nesting, Role, Sight, Skeleton, Stop};
use tell_ir::machine::{LocalMachine, State, StateId, Transition};

/// Gives an image the machines of its choreography, and none of its code. `None` if its parts do not nest, or there
/// are too many states.
#[must_use]
pub fn derive(image: &CodeImage, numbers: &mut Numbers) -> Option<CodeImage> {
    let carried = Carried::of(image);
    let is_block = |of: NodeId| matches!(carried.node(of), Node::Par { .. } | Node::Scope { .. });
    if carried.nodes.iter().any(|node| matches!(node, Node::Join { of } if !is_block(*of))) {
        return None;
    }
    let skeleton = Skeleton::new(&carried, image.roles.len(), Nesting::new(&carried).ok()?);
    let mut machines = Vec::new();
    for role in 0..image.roles.len() {
        let sight = Sight::new(&carried, &skeleton, role as Role);
        let mut making = Making {
            image,
            carried: &carried,
            sight,
            role: role as u16,
            known: BTreeMap::new(),
            made: LocalMachine::default(),
            numbers,
        };
        machines.push(making.machine()?);
    }
    let mut pairs = BTreeSet::new();
    for (role, machine) in (0..).zip(&machines) {
        for state in &machine.states {
            match state {
                State::Send(rows) => pairs.extend(rows.iter().map(|row| (role, row.partner))),
                State::Recv { rows, .. } => pairs.extend(rows.iter().map(|row| (row.partner, role))),
                _ => {}
            }
        }
    }
    Some(CodeImage {
        machines,
        edges: pairs.into_iter().map(|(from, to)| Edge { from, to, bound: None, lossy: false }).collect(),
        functions: vec![Function::default(); image.roles.len()],
        debug: None,
        ..image.clone()
    })
}

/// Most states of a machine.
const MOST: usize = 300;

struct Making<'a> {
    image: &'a CodeImage,
    carried: &'a Carried<'a>,
    sight: Sight<'a, Carried<'a>>,
    role: u16,
    /// States by the stops they are entered with.
    known: BTreeMap<BTreeSet<NodeId>, StateId>,
    made: LocalMachine,
    numbers: &'a mut Numbers,
}

/// Where a role can be.
#[derive(Default)]
struct Places {
    demands: Vec<(NodeId, Demand)>,
    cases: Vec<NodeId>,
    may_end: bool,
}

impl Making<'_> {
    fn machine(&mut self) -> Option<LocalMachine> {
        self.state([NodeId(0)].into());
        let mut next = 0;
        while next < self.made.states.len() {
            if self.made.states.len() > MOST {
                return None;
            }
            let id = StateId(next as u32);
            let entries: Vec<NodeId> =
                self.made.entries.iter().filter(|place| place.state == id).map(|place| place.node).collect();
            self.made.states[next] = self.kind(id, &entries);
            next += 1;
        }
        let mut made = std::mem::take(&mut self.made);
        made.entries.sort_unstable();
        made.decisions.sort_unstable();
        Some(made)
    }

    /// The state with these entries.
    fn state(&mut self, nodes: BTreeSet<NodeId>) -> StateId {
        let nodes: BTreeSet<NodeId> = nodes.into_iter().map(|node| self.sight.stop(node).0).collect();
        let new = StateId(self.made.states.len() as u32);
        if let Some(known) = self.known.get(&nodes) {
            return *known;
        }
        self.made.states.push(State::End);
        self.made.entries.extend(nodes.iter().map(|node| Place { state: new, node: *node }));
        self.known.insert(nodes, new);
        new
    }

    /// Where the role can be; own decisions stop it if `stops`.
    fn places(&self, entries: &[NodeId], stops: bool) -> Places {
        let mut places = Places::default();
        let mut seen = BTreeSet::new();
        let mut todo: Vec<NodeId> = entries.to_vec();
        while let Some(node) = todo.pop() {
            let (node, stop) = self.sight.stop(node);
            if !seen.insert(node) {
                continue;
            }
            places.may_end |= stop != Stop::Finished && !self.sight.can_act(node) || stop == Stop::Finished;
            if let Some(demand) = self.sight.demand(node, stop) {
                places.demands.push((node, demand));
                continue;
            }
            match self.carried.node(node) {
                Node::Case { deciders, .. } if stops && deciders.contains(&self.role) => places.cases.push(node),
                _ => todo.extend(self.sight.unseen(node).map(|way| self.carried.successor(node, way))),
            }
        }
        places
    }

    fn kind(&mut self, id: StateId, entries: &[NodeId]) -> State {
        let own = self.places(entries, true);
        let arms = own.cases.first().map_or(0, |case| self.carried.way_count(*case));
        if own.demands.is_empty() && arms > 0 && own.cases.iter().all(|case| self.carried.way_count(*case) == arms) {
            self.made.decisions.extend(own.cases.iter().map(|node| Place { state: id, node: *node }));
            return State::Tau(self.steps(&own.cases, arms));
        }
        let places = self.places(entries, false);
        let of = |wanted: &[Demand]| -> Vec<NodeId> {
            places.demands.iter().filter(|(_, demand)| wanted.contains(demand)).map(|(node, _)| *node).collect()
        };
        let mut choices = vec![
            (Demand::Send, of(&[Demand::Send])),
            (Demand::Receive, of(&[Demand::Receive])),
            (Demand::Choose, of(&[Demand::Choose, Demand::Act])),
            (Demand::Fork, of(&[Demand::Fork])),
            (Demand::Enter, of(&[Demand::Enter])),
            (Demand::Join, of(&[Demand::Join])),
        ];
        choices.retain(|(_, nodes)| !nodes.is_empty());
        let Some((demand, nodes)) = choices.get(self.numbers.below(choices.len())).cloned() else {
            let inside = entries.iter().any(|entry| self.sight.inside(self.sight.stop(*entry).0).is_some());
            return if inside { State::Recv { rows: Vec::new(), may_end: true } } else { State::End };
        };
        let first = nodes[0];
        let count = self.carried.way_count(first);
        let alike: Vec<NodeId> = nodes.iter().copied().filter(|node| self.carried.way_count(*node) == count).collect();
        match demand {
            Demand::Send => State::Send(self.rows(&nodes)),
            Demand::Receive => {
                let may_end = places.may_end || choices.iter().any(|(demand, _)| *demand == Demand::Join);
                State::Recv { rows: self.rows(&nodes), may_end }
            }
            Demand::Choose => State::Tau(self.steps(&alike, count)),
            Demand::Fork => {
                let mut branches = self.steps(&alike, count);
                let then = branches.pop().expect("something follows");
                State::Par { branches, then }
            }
            Demand::Enter => {
                let Node::Scope { scope, rows, .. } = self.carried.node(first) else {
                    panic!("bug: a scope is entered")
                };
                let steps = self.steps(&[first], count);
                let outcomes = rows.iter().map(|(outcome, _)| *outcome);
                State::Scope {
                    scope: *scope,
                    body: steps[0],
                    rows: outcomes.zip(steps[1..].iter().copied()).collect(),
                    then: steps[count - 1],
                }
            }
            _ => State::Join,
        }
    }

    /// The state behind each of the ways, taken at all nodes.
    fn steps(&mut self, nodes: &[NodeId], ways: usize) -> Vec<StateId> {
        let next = |way: usize| nodes.iter().map(|node| self.carried.successor(*node, way)).collect();
        let all: Vec<BTreeSet<NodeId>> = (0..ways).map(next).collect();
        all.into_iter().map(|nodes| self.state(nodes)).collect()
    }

    fn rows(&mut self, nodes: &[NodeId]) -> Vec<Transition> {
        let mut behind: BTreeMap<(u16, u16), BTreeSet<NodeId>> = BTreeMap::new();
        for node in nodes {
            let Node::Comm { from, to, branches } = self.carried.node(*node) else { continue };
            let partner = if *from == self.role { *to } else { *from };
            for branch in branches {
                behind.entry((partner, branch.label)).or_default().insert(branch.target);
            }
        }
        debug_assert!(self.image.labels.len() <= usize::from(u16::MAX));
        let row = |((partner, label), nodes)| Transition { partner, label, target: self.state(nodes) };
        behind.into_iter().map(row).collect()
    }
}
