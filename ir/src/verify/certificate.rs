//! Rules V6: the local machines are projections of the choreography that the image carries.
//!
//! Each state of a machine has *entries*, the nodes the choreography can be at when the role comes there. They are a
//! certificate: nobody has to find the states again, it is enough that the start covers the start, that every transition
//! covers what lies behind it, and that what the role can be at in a state (its *closure*: the entries and what lies
//! behind them by steps the role does not see) demands just what the state does. The conditions are those of
//! [`crate::implementable`], which the compiler asks, too. Entries may be more than what can be come to; then the
//! conditions are only stricter.
//!
//! What a machine decides on data is not known here: a shared decision that the role takes in a state leads to what one of
//! its arms leads to; any other is a step nobody sees.
//!
//! [`graph`] checks the choreography alone, [`closure`] finds the places of a state, [`state`] compares them with it,
//! [`silent`] for states that decide. What is done beyond reading the image once is paid from a budget (V9.2).

mod closure;
mod graph;
mod silent;
mod state;

use super::machine::{self, Rows};
use super::{Check, Subject, VerifyError, violation};
use crate::choreography::{Carried, Node, NodeId, Place};
use crate::image::CodeImage;
use crate::implementable::endless::endless_parts;
use crate::implementable::{Availability, Control, PartId, Role, Sight, Skeleton, Stop};
use crate::machine::{LocalMachine, State, StateId};
use closure::Closure;
use std::collections::BTreeMap;
use std::ops::Range;

/// Budget of every image, in elementary steps.
const BASE_BUDGET: u64 = 1 << 25;

/// What each node, way, entry and row adds to it.
const BUDGET_PER_ITEM: u64 = 64;

/// What a visit costs when the messages that can be first in a channel are looked for.
const COST_OF_VISIT: u64 = 4;

/// What may still be spent.
struct Meter(u64);

impl Meter {
    fn of(image: &CodeImage) -> Self {
        let ways = |node: &Node| match node {
            Node::Comm { branches, .. } => branches.len(),
            Node::Choice { arms, .. } | Node::Case { arms, .. } => arms.len(),
            Node::Par { branches, .. } => branches.len(),
            Node::Scope { rows, .. } => rows.len(),
            Node::End | Node::Local { .. } | Node::Join { .. } => 0,
        };
        let nodes: usize = image.choreography.nodes.iter().map(|node| 1 + ways(node)).sum();
        let machines: usize = image.machines.iter().map(|machine| machine.states.len() + machine.entries.len()).sum();
        Self(BASE_BUDGET + BUDGET_PER_ITEM * (nodes + machines) as u64)
    }

    fn spend(&mut self, steps: usize) -> Check {
        match self.0.checked_sub(steps as u64) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => self.exhausted(),
        }
    }

    /// There was not enough.
    #[allow(clippy::unused_self, reason = "it is the meter that is")]
    fn exhausted<T>(&self) -> Check<T> {
        violation(
            "V9.2",
            "comparing the machines with the choreography takes more work than the size of the image allows",
        )
    }
}

/// Checks all machines of an image whose tables and machines are in order (V1, V5.1, V5.2).
pub(super) fn check(image: &CodeImage) -> Check {
    let mut meter = Meter::of(image);
    let carried = Carried::of(image);
    let skeleton = graph::check(image, &carried, &mut meter)?;
    let (names, endless) = (alike_names(image), endless_parts(&carried, skeleton.nesting()));
    let mut closure = Closure::new(carried.nodes.len());
    for role in 0..image.machines.len() {
        let ground = Ground { image, carried: &carried, skeleton: &skeleton, names: &names, endless: &endless };
        check_role(&ground, role, &mut closure, &mut meter)
            .map_err(|error| VerifyError { role: Some(image.roles[role].name.clone()), ..error })?;
    }
    Ok(())
}

/// What all roles share.
struct Ground<'a> {
    image: &'a CodeImage,
    carried: &'a Carried<'a>,
    skeleton: &'a Skeleton,
    /// Per label a number of its name; empty if all names differ.
    names: &'a [u32],
    /// Parts that may never end.
    endless: &'a [PartId],
}

/// Numbers the names of labels, if two labels have one.
fn alike_names(image: &CodeImage) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let numbers: Vec<u32> =
        (0..).zip(&image.labels).map(|(at, label)| *known.entry(&label.name).or_insert(at)).collect();
    if known.len() == numbers.len() { Vec::new() } else { numbers }
}

fn check_role(ground: &Ground<'_>, role: usize, closure: &mut Closure, meter: &mut Meter) -> Check {
    let Ground { image, carried, skeleton, .. } = *ground;
    let (function, machine) = (&image.functions[role], &image.machines[role]);
    let rows = machine::check(&Subject { image, role, function, machine })?;
    let number = Role::try_from(role).expect("there are at most 65535 roles");
    meter.spend(skeleton.segments() + skeleton.nesting().len() + skeleton.acts(number).len() + ground.endless.len())?;
    let sight = Sight::new(carried, skeleton, number);
    for part in ground.endless.iter().filter(|part| skeleton.roles_in(**part).binary_search(&number).is_ok()) {
        let block = skeleton.nesting().part(*part).block;
        if sight.can_act(carried.then(block)) {
            return violation(
                "V6.8",
                format!("it acts behind node {} and in a part of it that may never end", block.0),
            );
        }
    }
    let entries = entries(ground, role, &sight)?;
    let decisions = decisions(ground, role)?;
    let visits = usize::try_from(meter.0 / COST_OF_VISIT).unwrap_or(usize::MAX);
    let available = Availability::new(carried, number, visits);
    let mut subject = View { ground, role: number, machine, rows, sight, entries, decisions, available };
    if !subject.covers(StateId(0), NodeId(0)) {
        return violation("V6.10", "state 0 has no entry for the start of the choreography");
    }
    for state in (0..).map(StateId).take(machine.states.len()) {
        subject.state(state, closure, meter)?;
    }
    meter.spend((visits - subject.available.budget()) * COST_OF_VISIT as usize)
}

/// One role, its machine and its certificate.
struct View<'a> {
    ground: &'a Ground<'a>,
    role: Role,
    machine: &'a LocalMachine,
    rows: Rows,
    sight: Sight<'a, Carried<'a>>,
    entries: Entries,
    decisions: Lists,
    available: Availability<'a, Carried<'a>>,
}

/// Where the items of each state are in a list ordered by state, and one end.
struct Lists(Vec<u32>);

impl Lists {
    fn of(&self, state: StateId) -> Range<usize> {
        self.0[state.0 as usize] as usize..self.0[state.0 as usize + 1] as usize
    }
}

/// The entries of all states, each as the first node the role could notice, ascending.
struct Entries {
    lists: Lists,
    places: Vec<(Key, NodeId)>,
}

/// What makes two entries the same: the node, or that the role is finished in that part of those it entered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    At(NodeId),
    Finished(Option<PartId>),
}

impl Entries {
    fn of(&self, state: StateId) -> &[(Key, NodeId)] {
        &self.places[self.lists.of(state)]
    }
}

/// Checks the form of a list of places; where those of each state are.
fn lists(ground: &Ground<'_>, states: usize, places: &[Place]) -> Check<Lists> {
    let mut ends = vec![0; states + 1];
    if !places.is_sorted_by(|one, other| one < other) {
        return violation("V6.9", "the entries or decisions of a machine are not ascending");
    }
    for Place { state, node } in places {
        if state.0 as usize >= states || node.index() >= ground.carried.nodes.len() {
            return violation("V6.9", format!("state {} at node {}: one of them is not there", state.0, node.0));
        }
        ends[state.0 as usize + 1] += 1;
    }
    for state in 0..states {
        ends[state + 1] += ends[state];
    }
    Ok(Lists(ends))
}

fn entries(ground: &Ground<'_>, role: usize, sight: &Sight<'_, Carried<'_>>) -> Check<Entries> {
    let LocalMachine { states, entries, .. } = &ground.image.machines[role];
    let given = lists(ground, states.len(), entries)?;
    let mut ends = Vec::with_capacity(states.len() + 1);
    ends.push(0);
    let mut places = Vec::with_capacity(entries.len());
    for state in (0..).map(StateId).take(states.len()) {
        let start = places.len();
        for Place { node, .. } in &entries[given.of(state)] {
            places.push(key(sight, *node));
        }
        if places.len() == start {
            return violation("V6.9", format!("state {} has no entries", state.0));
        }
        if places.len() > start + 1 {
            places[start..].sort_unstable();
            // Of nodes at which the role is finished, one is enough.
            let mut kept = start + 1;
            for at in start + 1..places.len() {
                if places[at].0 != places[kept - 1].0 {
                    places[kept] = places[at];
                    kept += 1;
                }
            }
            places.truncate(kept);
        }
        ends.push(u32::try_from(places.len()).expect("a file has fewer than 2^32 entries"));
    }
    Ok(Entries { lists: Lists(ends), places })
}

/// The key of a node, and what the role stops at from there.
fn key(sight: &Sight<'_, Carried<'_>>, node: NodeId) -> (Key, NodeId) {
    match sight.stop(node) {
        (stop, Stop::Finished) => (Key::Finished(sight.inside(stop)), stop),
        (stop, Stop::Act(_) | Stop::Passing) => (Key::At(stop), stop),
    }
}

fn decisions(ground: &Ground<'_>, role: usize) -> Check<Lists> {
    let LocalMachine { states, decisions, .. } = &ground.image.machines[role];
    let lists = lists(ground, states.len(), decisions)?;
    let role = u16::try_from(role).expect("there are at most 65535 roles");
    for Place { state, node } in decisions {
        let decides =
            matches!(ground.carried.node(*node), Node::Case { deciders, .. } if deciders.binary_search(&role).is_ok());
        if !decides || !matches!(states[state.0 as usize], State::Tau(_)) {
            let message = format!("state {} is not silent, or node {} no decision of the role", state.0, node.0);
            return violation("V6.9", message);
        }
    }
    Ok(lists)
}

impl View<'_> {
    fn key(&self, node: NodeId) -> Key {
        key(&self.sight, node).0
    }

    /// Whether the role can be at `node` when it comes to a state.
    fn covers(&self, state: StateId, node: NodeId) -> bool {
        let key = self.key(node);
        match self.entries.of(state) {
            [(only, _)] => *only == key,
            several => several.binary_search_by_key(&key, |(known, _)| *known).is_ok(),
        }
    }

    /// The nodes at which a silent state decides together with others.
    fn decides(&self, state: StateId) -> &[Place] {
        &self.machine.decisions[self.decisions.of(state)]
    }
}
