//! Rule V5.14: a message that is lost on a lossy edge changes nothing but itself.
//!
//! The edge carries one label. Its receiver waits for it only where something else can come as well, or nothing, and
//! whoever has taken one goes back, without a message, to where it waited.

use super::{Budget, Check, VerifyError, violation};
use crate::image::{CodeImage, Edge};
use crate::machine::{LocalMachine, State, StateId, Transition};
use std::collections::BTreeSet;

/// Checks all lossy edges, in one pass over the machines.
pub(super) fn check(image: &CodeImage, budget: &mut Budget) -> Check {
    let lossy: Vec<Edge> = image.edges.iter().filter(|edge| edge.lossy).copied().collect();
    if lossy.is_empty() {
        return Ok(());
    }
    let mut labels = vec![None; lossy.len()];
    let find = |from: u16, to: u16| lossy.binary_search_by_key(&(from, to), |edge| (edge.from, edge.to)).ok();
    for (machine, role) in image.machines.iter().zip(0..) {
        for (number, state) in (0..).zip(&machine.states) {
            match state {
                State::Send(rows) => {
                    for row in rows {
                        let Some(edge) = find(role, row.partner) else { continue };
                        one_label(image, lossy[edge], &mut labels[edge], row.label)?;
                    }
                }
                State::Recv { rows, may_end } => {
                    let several = rows.windows(2).any(|pair| pair[0].partner != pair[1].partner);
                    for row in rows {
                        let Some(edge) = find(row.partner, role) else { continue };
                        one_label(image, lossy[edge], &mut labels[edge], row.label)?;
                        if !may_end && !several {
                            return broken(image, lossy[edge], "its receiver cannot go on without it");
                        }
                        goes_back(image, machine, (StateId(number), row), lossy[edge], budget)?;
                    }
                }
                State::End | State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join => {}
            }
        }
    }
    Ok(())
}

fn broken<T>(image: &CodeImage, edge: Edge, what: &str) -> Check<T> {
    let name = |role: u16| image.roles.get(usize::from(role)).map_or("?", |role| &role.name);
    violation("V5.14", format!("the lossy edge from `{}` to `{}`: {what}", name(edge.from), name(edge.to)))
}

fn one_label(image: &CodeImage, edge: Edge, known: &mut Option<u16>, label: u16) -> Check {
    if *known.get_or_insert(label) == label { Ok(()) } else { broken(image, edge, "it carries two labels") }
}

/// Whether silent states, and only those, lead from the target of a row back to its state.
fn goes_back(
    image: &CodeImage,
    machine: &LocalMachine,
    (home, row): (StateId, &Transition),
    edge: Edge,
    budget: &mut Budget,
) -> Check {
    let mut seen = BTreeSet::new();
    let mut stack = vec![row.target];
    let mut is_back = false;
    while let Some(state) = stack.pop() {
        if state == home {
            is_back = true;
            continue;
        }
        if !seen.insert(state.0) {
            continue;
        }
        let Some(State::Tau(next)) = machine.states.get(state.0 as usize) else {
            return broken(image, edge, "its receiver does something else once it has taken a message");
        };
        budget.spend(1 + next.len(), 0).map_err(|error| VerifyError { pc: None, ..error })?;
        stack.extend(next);
    }
    if is_back { Ok(()) } else { broken(image, edge, "its receiver never waits again once it has taken a message") }
}
