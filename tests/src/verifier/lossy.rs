//! Edges on which messages may get lost: V5.14.

use super::{Findings, Spot};
use std::collections::BTreeSet;
use tell_ir::image::CodeImage;
use tell_ir::machine::{LocalMachine, State, StateId, Transition};

pub(super) fn check(image: &CodeImage, found: &mut Findings) {
    for (at, edge) in image.edges.iter().enumerate().filter(|(_, edge)| edge.lossy) {
        let spot = Spot::entry("edge", at);
        let mut labels = BTreeSet::new();
        for state in states(image, edge.from) {
            if let State::Send(rows) = state {
                labels.extend(with(rows, edge.to).map(|row| row.label));
            }
        }
        for (home, state) in states(image, edge.to).iter().enumerate() {
            let State::Recv { rows, may_end } = state else { continue };
            for row in with(rows, edge.from) {
                labels.insert(row.label);
                let others = rows.iter().any(|row| row.partner != edge.from);
                let back =
                    image.machines.get(usize::from(edge.to)).is_some_and(|machine| goes_back(machine, home, row));
                found.require((*may_end || others) && back, "V5.14", spot);
            }
        }
        found.require(labels.len() <= 1, "V5.14", spot);
    }
}

fn states(image: &CodeImage, role: u16) -> &[State] {
    image.machines.get(usize::from(role)).map_or(&[], |machine| &machine.states)
}

fn with(rows: &[Transition], partner: u16) -> impl Iterator<Item = &Transition> {
    rows.iter().filter(move |row| row.partner == partner)
}

/// Whether silent states lead from a row back to the state it is of, and to nothing else.
fn goes_back(machine: &LocalMachine, home: usize, row: &Transition) -> bool {
    let home = StateId(u32::try_from(home).unwrap_or(u32::MAX));
    let mut met = BTreeSet::from([row.target]);
    loop {
        let next = met.iter().filter(|state| **state != home).map(|state| machine.states.get(state.0 as usize));
        let Some(next) = next.map(silently).collect::<Option<Vec<_>>>() else { return false };
        let before = met.len();
        met.extend(next.concat());
        if met.len() == before {
            return met.contains(&home);
        }
    }
}

/// What a silent state leads to.
fn silently(state: Option<&State>) -> Option<Vec<StateId>> {
    match state {
        Some(State::Tau(next)) => Some(next.clone()),
        _ => None,
    }
}
