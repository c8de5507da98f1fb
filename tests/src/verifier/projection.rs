//! Rules V6: whether the machines of an image are projections of the choreography it carries.
//!
//! Written from the texts of the rules, from PROJECTION §3, and from what DESIGN says of entries. Whatever can be said of
//! nodes is said with plain sets that are found anew for each image: which parts each lies in and what it leads to
//! (`graph`), what one role notices of it (`sight`), what a state has to do at its places (`state`), and which messages
//! can be there while the role does not move (`channel`). V9.2, a budget, has no counterpart.

mod channel;
mod graph;
mod sight;
mod state;

use super::table::all_differ;
use super::{Findings, Role, Spot, machine};
use graph::{Graph, Part};
use sight::Sight;
use std::collections::BTreeSet;
use tell_ir::choreography::{Node, NodeId, Place};
use tell_ir::image::CodeImage;
use tell_ir::machine::{LocalMachine, State, StateId};

/// Nodes a choreography may have before the reference gives up.
const MOST_NODES: usize = 3_000;

pub(super) fn check(image: &CodeImage, found: &mut Findings) {
    if image.choreography.nodes.len() > MOST_NODES {
        found.gave_up = true;
        return;
    }
    let Some(graph) = Graph::of(image, found) else { return };
    graph.check(found);
    let endless = graph.endless();
    let roles = image.functions.iter().zip(&image.machines).zip(0..=u16::MAX);
    for ((function, machine), number) in roles {
        found.add(of_role(&Role { image, number, function, machine }, &graph, &endless));
    }
}

fn of_role(role: &Role<'_>, graph: &Graph<'_>, endless: &BTreeSet<Part>) -> Findings {
    let mut found = Findings::default();
    machine::check(role, &mut found);
    if !found.is_clean() {
        return found;
    }
    let sight = Sight::of(graph, role.number);
    let goes_on = |part: &&Part| graph.acting(**part).contains(&role.number) && sight.can_act(graph.then(part.0));
    found.require(!endless.iter().any(|part| goes_on(&part)), "V6.8", role.spot("machine", 0));
    lists(role, graph, &mut found);
    if found.broken.contains_key("V6.9") {
        return found;
    }
    let starts = entries(role.machine, StateId(0)).any(|entry| sight.is_same(entry, NodeId(0)));
    found.require(starts, "V6.10", role.spot("state", 0));
    for (number, state) in (0..).zip(&role.machine.states) {
        state::check(role, &sight, (StateId(number), state), &mut found);
    }
    found
}

/// V6.9, all but that a decision can be come to.
fn lists(role: &Role<'_>, graph: &Graph<'_>, found: &mut Findings) {
    let LocalMachine { states, entries, decisions } = role.machine;
    let is_there = |place: &Place| (place.state.0 as usize) < states.len() && place.node.index() < graph.nodes.len();
    for places in [entries, decisions] {
        let ascends = places.is_sorted() && all_differ(places.iter());
        found.require(ascends && places.iter().all(is_there), "V6.9", role.spot("place", 0));
    }
    for number in 0..states.len() {
        let has_entries = entries.iter().any(|place| place.state.0 as usize == number);
        found.require(has_entries, "V6.9", role.spot("state", number));
    }
    for Place { state, node } in decisions {
        let is_silent = matches!(states.get(state.0 as usize), Some(State::Tau(_)));
        let decides = |node: &Node| matches!(node, Node::Case { deciders, .. } if deciders.contains(&role.number));
        let is_decision = graph.nodes.get(node.index()).is_some_and(decides);
        found.require(is_silent && is_decision, "V6.9", role.spot("state", state.0 as usize));
    }
}

/// The entries of a state.
fn entries(machine: &LocalMachine, state: StateId) -> impl Iterator<Item = NodeId> {
    machine.entries.iter().filter(move |place| place.state == state).map(|place| place.node)
}

/// A node of the choreography.
const fn at(node: NodeId) -> Spot {
    Spot::entry("node", node.index())
}
