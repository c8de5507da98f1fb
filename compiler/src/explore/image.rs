//! The local machines of an image made ready for exploration.
//!
//! Data is not followed: a decision that only one role takes is free, one that several take leads all of them by the same
//! arm, as often as they come there. A role that takes such a decision in some of its states only cannot be followed that
//! way; the image of a program then seems to go wrong though it does not.

use super::code::{Act, Code, Go, On, Op, Row, Scope};
use crate::graph::Role;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_ir::choreography::Place;
use tell_ir::image::{CodeImage, Outcome};
use tell_ir::machine::{LocalMachine, State, StateId, Transition};

impl Code {
    /// The machines of an image.
    pub(super) fn of_image(image: &CodeImage) -> Self {
        let shared = Shared::new(image);
        let mut edges: IndexSet<(Role, Role), FxBuildHasher> = IndexSet::default();
        let mut ops = Vec::with_capacity(image.machines.len());
        for (role, machine) in (0..).zip(&image.machines) {
            let states = (0..).map(StateId).zip(&machine.states);
            ops.push(states.map(|(id, state)| op(image, &shared, &mut edges, role, (machine, id, state))).collect());
        }
        let participants =
            |scope: &tell_ir::image::Scope| scope.participants.iter().map(|role| (*role).into()).collect();
        let mut code = Self {
            ops,
            starts: vec![Vec::new(); image.machines.len()],
            edges: edges.into_iter().collect(),
            carried: vec![Vec::new(); image.labels.len()],
            scopes: (0..).zip(image.scopes.iter().map(participants)).collect(),
            opaque: FxHashMap::default(),
            has_data: false,
        };
        code.find_opaque();
        code
    }
}

/// Which decisions are one: those that some state takes as one.
struct Shared {
    /// The first node of each; other nodes are alone.
    first: FxHashMap<u32, u32>,
    /// Who takes it, by its first node.
    deciders: FxHashMap<u32, Vec<Role>>,
}

impl Shared {
    fn new(image: &CodeImage) -> Self {
        let mut shared = Self { first: FxHashMap::default(), deciders: FxHashMap::default() };
        for machine in &image.machines {
            for of_one in machine.decisions.chunk_by(|one, other| one.state == other.state) {
                let least = of_one.iter().map(|place| shared.of(place.node.0)).min();
                let roots: Vec<u32> = of_one.iter().map(|place| shared.of(place.node.0)).collect();
                shared.first.extend(roots.into_iter().zip(least.into_iter().cycle()));
            }
        }
        for (role, machine) in (0..).zip(&image.machines) {
            for place in &machine.decisions {
                let roles = shared.deciders.entry(shared.of(place.node.0)).or_default();
                if roles.last() != Some(&role) {
                    roles.push(role);
                }
            }
        }
        shared
    }

    fn of(&self, mut node: u32) -> u32 {
        while let Some(first) = self.first.get(&node).filter(|first| **first != node) {
            node = *first;
        }
        node
    }
}

/// Whether several roles of an image take one decision on data.
#[must_use]
pub fn shares_decisions(image: &CodeImage) -> bool {
    Shared::new(image).deciders.values().any(|roles| roles.len() > 1)
}

fn op(
    image: &CodeImage,
    shared: &Shared,
    edges: &mut IndexSet<(Role, Role), FxBuildHasher>,
    role: Role,
    (machine, id, state): (&LocalMachine, StateId, &State),
) -> Op {
    let go = |target: &StateId| Go { target: target.0, values: Vec::new() };
    let mut row = |row: &Transition, sends: bool| {
        let peer = Role::from(row.partner);
        let (edge, _) = edges.insert_full(if sends { (role, peer) } else { (peer, role) });
        let edge = u32::try_from(edge).expect("fewer than 2^32 channels");
        Row { peer, edge, label: row.label.into(), fields: Vec::new(), go: go(&row.target) }
    };
    let act = match state {
        State::End => Act { may_end: true, ..Act::default() },
        State::Send(rows) => Act { sends: rows.iter().map(|one| row(one, true)).collect(), ..Act::default() },
        State::Recv { rows, may_end } => {
            let recvs = rows.iter().map(|one| row(one, false)).collect();
            Act { recvs, may_end: *may_end, ..Act::default() }
        }
        State::Tau(targets) => {
            let taken = machine.decisions.iter().find(|Place { state, .. }| *state == id);
            let decision = taken.map(|place| shared.of(place.node.0));
            match decision.filter(|node| shared.deciders[node].len() > 1) {
                Some(node) => return Op::Case { on: On::Opaque(node), arms: targets.iter().map(go).collect() },
                None => Act { silents: targets.iter().map(go).collect(), ..Act::default() },
            }
        }
        State::Par { branches, then } => {
            return Op::Par { branches: branches.iter().map(go).collect(), then: go(then) };
        }
        State::Scope { scope, body, rows, then } => {
            let named = |wanted: Outcome| rows.iter().position(|(outcome, _)| *outcome == wanted);
            return Op::Scope(Box::new(Scope {
                node: *scope,
                owner: image.scopes[*scope as usize].owner.into(),
                body: go(body),
                outcomes: rows.iter().map(|(_, target)| go(target)).collect(),
                done: named(Outcome::Done),
                has_deadline: named(Outcome::Timeout).is_some(),
                then: go(then),
            }));
        }
        State::Join => return Op::Join { carried: Vec::new(), inside: None },
    };
    Op::Act(act)
}
