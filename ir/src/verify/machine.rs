//! Rules V5.1 and V5.2: the local machine of a role is one.

use super::{Check, Subject, violation};
use crate::image::Outcome;
use crate::machine::{State, StateId, Transition};

/// The rows of every state, sorted for searching.
pub(super) struct Rows {
    /// Where the rows of each state start, and one end.
    starts: Vec<usize>,
    /// Rows of `Send` and `Recv` by partner and label; of the others by target, with partner and label 0.
    rows: Vec<Transition>,
}

impl Rows {
    /// The rows of a state.
    pub(super) fn of(&self, state: StateId) -> &[Transition] {
        let state = state.0 as usize;
        &self.rows[self.starts[state]..self.starts[state + 1]]
    }

    /// Where that communication leads from `state`.
    pub(super) fn next(&self, state: StateId, partner: u16, label: u16) -> Option<StateId> {
        let rows = self.of(state);
        let found = rows.binary_search_by_key(&(partner, label), |row| (row.partner, row.label));
        found.ok().map(|at| rows[at].target)
    }

    /// Whether the silent `state` can become `target`.
    pub(super) fn leads(&self, state: StateId, target: StateId) -> bool {
        self.of(state).binary_search_by_key(&target, |row| row.target).is_ok()
    }
}

/// Checks the machine of one role.
pub(super) fn check(subject: &Subject<'_>) -> Check<Rows> {
    let states = &subject.machine.states;
    if states.is_empty() || u32::try_from(states.len()).is_err() {
        return violation("V5.1", format!("a machine of {} states", states.len()));
    }
    let mut index = Rows { starts: Vec::with_capacity(states.len() + 1), rows: Vec::new() };
    index.starts.push(0);
    for (number, state) in states.iter().enumerate() {
        let start = index.rows.len();
        match state {
            State::End => {}
            State::Send(rows) | State::Recv { rows, .. } => {
                rows.iter().try_for_each(|row| communication(subject, number, row))?;
                index.rows.extend_from_slice(rows);
            }
            State::Tau(next) => {
                index.rows.extend(next.iter().map(|&target| silent(target)));
            }
            State::Par { branches, then } => {
                if branches.is_empty() {
                    return violation("V5.1", format!("state {number} has no branches"));
                }
                index.rows.extend(branches.iter().chain([then]).map(|&target| silent(target)));
            }
            State::Scope { scope, body, rows, then } => {
                is_scope(subject, number, *scope, rows)?;
                let rows = rows.iter().map(|(_, target)| target);
                index.rows.extend(rows.chain([body, then]).map(|&target| silent(target)));
            }
            State::Join => {}
        }
        let rows = &mut index.rows[start..];
        // Who has nothing more to do in a part that never ends waits for nothing.
        if rows.is_empty() && !matches!(state, State::End | State::Join | State::Recv { may_end: true, .. }) {
            return violation("V5.1", format!("state {number} leads nowhere"));
        }
        rows.sort_unstable();
        let same = |a: &Transition, b: &Transition| match state {
            // What lies behind arms, branches, or blocks of outcomes may be alike.
            State::Tau(_) | State::Par { .. } | State::Scope { .. } => false,
            _ => (a.partner, a.label) == (b.partner, b.label),
        };
        if rows.windows(2).any(|pair| same(&pair[0], &pair[1])) {
            return violation("V5.1", format!("state {number} has two rows that are the same"));
        }
        if let Some(row) = rows.iter().find(|row| row.target.0 as usize >= states.len()) {
            return violation("V5.1", format!("state {number} leads to state {}, which is not there", row.target.0));
        }
        index.starts.push(index.rows.len());
    }
    reachable(&index, states.len())?;
    Ok(index)
}

/// A way without a message.
const fn silent(target: StateId) -> Transition {
    Transition { partner: 0, label: 0, target }
}

fn is_scope(subject: &Subject<'_>, state: usize, scope: u32, rows: &[(Outcome, StateId)]) -> Check {
    let Some(entry) = subject.image.scopes.get(scope as usize) else {
        return violation("V5.1", format!("state {state} is of scope {scope}, which is not there"));
    };
    if !rows.iter().map(|row| row.0).eq(entry.outcomes.iter().copied()) {
        return violation("V5.1", format!("state {state} does not have the outcomes of scope {scope}"));
    }
    Ok(())
}

fn communication(subject: &Subject<'_>, state: usize, row: &Transition) -> Check {
    let Transition { partner, label, .. } = *row;
    if usize::from(partner) >= subject.image.roles.len() || usize::from(partner) == subject.role {
        return violation("V5.1", format!("state {state} communicates with role {partner}"));
    }
    if usize::from(label) >= subject.image.labels.len() {
        return violation("V5.1", format!("state {state} has label {label}, which is not there"));
    }
    Ok(())
}

fn reachable(rows: &Rows, count: usize) -> Check {
    let mut seen = vec![false; count];
    seen[0] = true;
    let mut stack = vec![StateId(0)];
    while let Some(state) = stack.pop() {
        for row in rows.of(state) {
            if !std::mem::replace(&mut seen[row.target.0 as usize], true) {
                stack.push(row.target);
            }
        }
    }
    match seen.iter().position(|seen| !seen) {
        Some(state) => violation("V5.2", format!("state {state} is never reached")),
        None => Ok(()),
    }
}
