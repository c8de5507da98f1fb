//! Nodes of the choreography as text, and the places of states: `s1 at n1, n2: recv Seller Yes -> s2`.

use super::cursor::{Cursor, Read, unknown_word};
use super::name::Names;
use super::section::{label, role};
use super::state::{read_scope, read_ways};
use crate::choreography::{Branch, Node, NodeId, Place};
use crate::image::{CodeImage, Outcome};
use crate::machine::{LocalMachine, StateId};

/// How a node is written.
pub(super) const FORM: &str = "end, message ROLE -> ROLE : LABEL -> nN | …, choice ROLE : nN | …, case ROLE, … : nN | …, \
                               local ROLE -> nN, par nN | … then nN, scope N -> nN | OUTCOME -> nN then nN, join nN";

/// The words nodes begin with.
const WORDS: [&str; 8] = ["end", "message", "choice", "case", "local", "par", "scope", "join"];

/// What leads a place that stands with none of the states.
pub(super) const LOOSE: [&str; 2] = ["entry", "decision"];

pub(super) fn write(image: &CodeImage, names: &Names, index: usize) -> String {
    let role = |role: u16| names.roles.name(role.into());
    match &image.choreography.nodes[index] {
        Node::End => "end".to_owned(),
        Node::Comm { from, to, branches } => {
            let branch =
                |branch: &Branch| format!("{} -> n{}", names.labels.name(branch.label.into()), branch.target.0);
            let branches: Vec<_> = branches.iter().map(branch).collect();
            format!("message {} -> {} : {}", role(*from), role(*to), branches.join(" | ")).trim_end().to_owned()
        }
        Node::Choice { decider, arms } => format!("choice {} : {}", role(*decider), ways(arms)).trim_end().to_owned(),
        Node::Case { deciders, arms } => {
            let deciders: Vec<_> = deciders.iter().map(|decider| role(*decider)).collect();
            format!("case {} : {}", deciders.join(", "), ways(arms)).trim_end().to_owned()
        }
        Node::Local { role: own, next } => format!("local {} -> n{}", role(*own), next.0),
        Node::Par { branches, then } => format!("par {} then n{}", ways(branches), then.0),
        Node::Scope { scope, body, rows, then } => {
            let row = |(outcome, block): &(Outcome, NodeId)| format!(" | {} -> n{}", outcome.text(), block.0);
            let rows: String = rows.iter().map(row).collect();
            format!("scope {scope} -> n{}{rows} then n{}", body.0, then.0)
        }
        Node::Join { of } => format!("join n{}", of.0),
    }
}

fn ways(ways: &[NodeId]) -> String {
    ways.iter().map(|way| format!("n{}", way.0)).collect::<Vec<_>>().join(" | ")
}

pub(super) fn read(image: &mut CodeImage, names: &Names, cursor: &mut Cursor<'_, '_>) -> Read {
    let node = read_node(names, cursor)?;
    image.choreography.nodes.push(node);
    Ok(())
}

fn read_node(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Node> {
    let Some(first) = cursor.peek() else { return cursor.expected("a node") };
    if !WORDS.contains(&first.text) {
        return Err(unknown_word(cursor, "a kind of node", WORDS));
    }
    cursor.at += 1;
    match first.text {
        "end" => Ok(Node::End),
        "message" => read_message(names, cursor),
        "choice" => {
            let decider = role(names, cursor)?;
            cursor.expect(":")?;
            read_ways(cursor, id).map(|arms| Node::Choice { decider, arms })
        }
        "case" => {
            let mut deciders = Vec::new();
            while !cursor.eats(":") {
                if !deciders.is_empty() {
                    cursor.expect(",")?;
                }
                deciders.push(role(names, cursor)?);
            }
            read_ways(cursor, id).map(|arms| Node::Case { deciders, arms })
        }
        "local" => {
            let own = role(names, cursor)?;
            cursor.expect("->")?;
            Ok(Node::Local { role: own, next: id(cursor)? })
        }
        "par" => {
            let branches = read_ways(cursor, id)?;
            cursor.expect("then")?;
            Ok(Node::Par { branches, then: id(cursor)? })
        }
        "join" => Ok(Node::Join { of: id(cursor)? }),
        _ => read_scope(cursor, id).map(|(scope, body, rows, then)| Node::Scope { scope, body, rows, then }),
    }
}

fn read_message(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<Node> {
    let from = role(names, cursor)?;
    cursor.expect("->")?;
    let to = role(names, cursor)?;
    cursor.expect(":")?;
    let mut branches = Vec::new();
    while cursor.peek().is_some() {
        if !branches.is_empty() {
            cursor.expect("|")?;
        }
        let label = label(names, cursor)?;
        cursor.expect("->")?;
        branches.push(Branch { label, target: id(cursor)? });
    }
    Ok(Node::Comm { from, to, branches })
}

/// `n3`
fn id(cursor: &mut Cursor<'_, '_>) -> Read<NodeId> {
    cursor.lettered('n', "a node", u32::MAX).map(NodeId)
}

/// Places that are not written yet.
pub(crate) struct Places<'a> {
    entries: &'a [Place],
    decisions: &'a [Place],
}

impl<'a> Places<'a> {
    /// Those of a machine.
    pub(crate) const fn of(machine: &'a LocalMachine) -> Self {
        Self { entries: machine.entries.as_slice(), decisions: machine.decisions.as_slice() }
    }

    /// What stands before the next state: ` at n1, n2 by n3:`.
    pub(crate) fn before(&mut self, state: usize) -> String {
        let (at, by) = (next(&mut self.entries, state), next(&mut self.decisions, state));
        match (at.is_empty(), by.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!(" at {at}:"),
            (true, false) => format!(" by {by}:"),
            (false, false) => format!(" at {at} by {by}:"),
        }
    }

    /// Lines for the places that stand with no state.
    pub(crate) fn rest(self) -> impl Iterator<Item = String> {
        let lines = |word: &'static str, places: &'a [Place]| {
            places.iter().map(move |place| format!("{word} s{} n{}", place.state.0, place.node.0))
        };
        lines(LOOSE[0], self.entries).chain(lines(LOOSE[1], self.decisions))
    }
}

/// Those of the next state.
fn next(places: &mut &[Place], state: usize) -> String {
    let count = places.iter().take_while(|place| place.state.0 as usize == state).count();
    let (own, rest) = places.split_at(count);
    *places = rest;
    own.iter().map(|place| format!("n{}", place.node.0)).collect::<Vec<_>>().join(", ")
}

/// Reads what stands between the number of a state and the state.
pub(super) fn read_places(machine: &mut LocalMachine, state: StateId, cursor: &mut Cursor<'_, '_>) -> Read {
    let mut is_there = false;
    for (word, places) in [("at", &mut machine.entries), ("by", &mut machine.decisions)] {
        if !cursor.eats(word) {
            continue;
        }
        is_there = true;
        places.push(Place { state, node: id(cursor)? });
        while cursor.eats(",") {
            places.push(Place { state, node: id(cursor)? });
        }
    }
    if is_there { cursor.expect(":") } else { Ok(()) }
}

/// Reads a place that stands with no state.
pub(super) fn read_loose(machine: &mut LocalMachine, cursor: &mut Cursor<'_, '_>) -> Read {
    let places = if cursor.sees(LOOSE[0]) { &mut machine.entries } else { &mut machine.decisions };
    cursor.at += 1;
    let state = super::state::id(cursor)?;
    places.push(Place { state, node: id(cursor)? });
    Ok(())
}
