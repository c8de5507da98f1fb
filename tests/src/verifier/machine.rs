//! A local machine by itself: V5.1 and V5.2.

use super::table::all_differ;
use super::{Findings, Role};
use tell_ir::image::Outcome;
use tell_ir::machine::{State, StateId, Transition};

pub(super) fn check(role: &Role<'_>, found: &mut Findings) {
    let states = &role.machine.states;
    found.require(!states.is_empty(), "V5.1", role.spot("state", 0));
    for (at, state) in states.iter().enumerate() {
        let spot = role.spot("state", at);
        let inside = next(state).iter().all(|target| (target.0 as usize) < states.len());
        found.require(inside && is_well_formed(role, state), "V5.1", spot);
    }
    let mut reached = vec![false; states.len()];
    let mut todo = vec![StateId(0)];
    while let Some(state) = todo.pop() {
        if let Some(seen) = reached.get_mut(state.0 as usize)
            && !std::mem::replace(seen, true)
        {
            todo.extend(next(&states[state.0 as usize]));
        }
    }
    found.require(reached.iter().all(|reached| *reached), "V5.2", role.spot("machine", 0));
}

/// The states a state leads to.
pub(super) fn next(state: &State) -> Vec<StateId> {
    match state {
        State::End | State::Join => Vec::new(),
        State::Send(rows) | State::Recv { rows, .. } => rows.iter().map(|row| row.target).collect(),
        State::Tau(next) => next.clone(),
        State::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
        State::Scope { body, rows, then, .. } => {
            let blocks = rows.iter().map(|row| row.1);
            blocks.chain([*body, *then]).collect()
        }
    }
}

fn is_well_formed(role: &Role<'_>, state: &State) -> bool {
    match state {
        State::End | State::Join => true,
        State::Send(rows) => !rows.is_empty() && are_rows(role, rows),
        // Who waits for nothing waits until the session ends, or its scope is left.
        State::Recv { rows, may_end } => (!rows.is_empty() || *may_end) && are_rows(role, rows),
        State::Tau(next) => !next.is_empty(),
        State::Par { branches, .. } => !branches.is_empty(),
        State::Scope { scope, rows, .. } => {
            let outcomes: Vec<Outcome> = rows.iter().map(|row| row.0).collect();
            role.image.scopes.get(*scope as usize).is_some_and(|scope| scope.outcomes == outcomes)
        }
    }
}

/// Whether rows are distinct, and with another role.
fn are_rows(role: &Role<'_>, rows: &[Transition]) -> bool {
    let is_known = |row: &Transition| {
        let is_partner = usize::from(row.partner) < role.image.roles.len() && row.partner != role.number;
        is_partner && usize::from(row.label) < role.image.labels.len()
    };
    rows.iter().all(is_known) && all_differ(rows.iter().map(|row| (row.partner, row.label)))
}
