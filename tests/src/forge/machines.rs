//! Changes of one thing in the machines of an image, or in what they say about themselves.

use crate::numbers::Numbers;
use std::collections::BTreeSet;
use tell_ir::choreography::{Node, NodeId, Place};
use tell_ir::image::{CodeImage, Edge};
use tell_ir::machine::{State, StateId, Transition};

/// Changes one thing; `others` are images whose machines may be taken. What it was.
pub fn change(image: &mut CodeImage, others: &[CodeImage], numbers: &mut Numbers) -> &'static str {
    let role = numbers.below(image.machines.len());
    let what = change_one(image, role, others, numbers);
    with_edges(image);
    what
}

/// Lists the channels that the machines use, besides those that were there.
fn with_edges(image: &mut CodeImage) {
    let known: BTreeSet<(u16, u16)> = image.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let mut used = BTreeSet::new();
    for (role, state) in
        (0..).zip(&image.machines).flat_map(|(role, machine)| machine.states.iter().map(move |state| (role, state)))
    {
        match state {
            State::Send(rows) => used.extend(rows.iter().map(|row| (role, row.partner))),
            State::Recv { rows, .. } => used.extend(rows.iter().map(|row| (row.partner, role))),
            _ => {}
        }
    }
    image.edges.extend(used.difference(&known).map(|(from, to)| Edge {
        from: *from,
        to: *to,
        bound: None,
        lossy: false,
    }));
    image.edges.sort_unstable();
}

fn change_one(image: &mut CodeImage, role: usize, others: &[CodeImage], numbers: &mut Numbers) -> &'static str {
    match numbers.below(14) {
        0 => drop_row(image, role, numbers),
        1 => relabel(image, role, numbers),
        2 => swap_labels(image, role, numbers),
        3 => may_end(image, role, numbers),
        4 | 5 => retarget(image, role, numbers),
        6 => other_machine(image, role, others, numbers),
        7 | 8 => merge(image, role, numbers),
        9 => other_kind(image, role, numbers),
        10 => decide(image, role, numbers),
        11 => repartner(image, role, numbers),
        _ => entry(image, role, numbers),
    }
}

fn states(image: &mut CodeImage, role: usize) -> &mut Vec<State> {
    &mut image.machines[role].states
}

fn state<'i>(image: &'i mut CodeImage, role: usize, numbers: &mut Numbers) -> &'i mut State {
    let states = states(image, role);
    let at = numbers.below(states.len());
    &mut states[at]
}

fn rows(state: &mut State) -> &mut [Transition] {
    match state {
        State::Send(rows) | State::Recv { rows, .. } => rows,
        _ => &mut [],
    }
}

fn drop_row(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    match state(image, role, numbers) {
        State::Send(rows) | State::Recv { rows, .. } if rows.len() > 1 => _ = rows.remove(numbers.below(rows.len())),
        _ => {}
    }
    "a row is dropped"
}

fn relabel(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let labels = image.labels.len();
    let rows = rows(state(image, role, numbers));
    if let (Some(row), true) = (rows.first_mut(), labels > 0) {
        row.label = numbers.below(labels) as u16;
    }
    "a row has another label"
}

fn swap_labels(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let rows = rows(state(image, role, numbers));
    if let [first, second, ..] = rows {
        std::mem::swap(&mut first.label, &mut second.label);
    }
    "two labels are swapped"
}

fn repartner(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let roles = image.roles.len();
    if let Some(row) = rows(state(image, role, numbers)).first_mut() {
        row.partner = numbers.below(roles) as u16;
    }
    "a row has another partner"
}

fn may_end(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    if let State::Recv { may_end, .. } = state(image, role, numbers) {
        *may_end = !*may_end;
    }
    "the session may end, or not"
}

/// All steps of a state.
fn targets(state: &mut State) -> Vec<&mut StateId> {
    match state {
        State::Send(rows) | State::Recv { rows, .. } => rows.iter_mut().map(|row| &mut row.target).collect(),
        State::Tau(targets) => targets.iter_mut().collect(),
        State::Par { branches, then } => branches.iter_mut().chain([then]).collect(),
        State::Scope { body, rows, then, .. } => {
            [body].into_iter().chain(rows.iter_mut().map(|(_, target)| target)).chain([then]).collect()
        }
        State::End | State::Join => Vec::new(),
    }
}

fn retarget(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let count = image.machines[role].states.len();
    let to = StateId(numbers.below(count) as u32);
    let mut targets = targets(state(image, role, numbers));
    if !targets.is_empty() {
        let at = numbers.below(targets.len());
        *targets[at] = to;
    }
    "a step leads to another state"
}

fn other_machine(image: &mut CodeImage, role: usize, others: &[CodeImage], numbers: &mut Numbers) -> &'static str {
    let other = numbers.pick(others);
    let from = numbers.below(other.machines.len());
    image.machines[role] = other.machines[from].clone();
    "a machine is that of another protocol"
}

/// Two states become one, with the rows and entries of both.
fn merge(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let machine = &mut image.machines[role];
    let count = machine.states.len();
    let (kept, gone) = (numbers.below(count), numbers.below(count));
    if kept == gone || gone == 0 {
        return "nothing";
    }
    let lost = machine.states[gone].clone();
    match (&mut machine.states[kept], lost) {
        (State::Send(rows), State::Send(more)) | (State::Recv { rows, .. }, State::Recv { rows: more, .. }) => {
            let new = |row: &Transition| !rows.iter().any(|own| (own.partner, own.label) == (row.partner, row.label));
            let more: Vec<Transition> = more.into_iter().filter(new).collect();
            rows.extend(more);
        }
        _ => {}
    }
    let renamed = |state: StateId| match state.0 as usize {
        at if at == gone => StateId(kept as u32 - u32::from(kept > gone)),
        at => StateId(at as u32 - u32::from(at > gone)),
    };
    for target in machine.states.iter_mut().flat_map(targets) {
        *target = renamed(*target);
    }
    machine.states.remove(gone);
    for places in [&mut machine.entries, &mut machine.decisions] {
        places.iter_mut().for_each(|place| place.state = renamed(place.state));
        places.sort_unstable();
        places.dedup();
    }
    "two states are one"
}

fn other_kind(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let state = state(image, role, numbers);
    *state = match std::mem::replace(state, State::End) {
        State::Send(rows) => State::Recv { rows, may_end: false },
        State::Recv { rows, .. } if !rows.is_empty() => State::Send(rows),
        State::Recv { .. } => State::Join,
        State::Tau(targets) => State::Par { then: targets[0], branches: targets },
        State::Par { branches, .. } => State::Tau(branches),
        State::Scope { body, then, .. } => State::Tau(vec![body, then]),
        State::Join => State::End,
        State::End => State::Recv { rows: Vec::new(), may_end: true },
    };
    "a state is of another kind"
}

fn decide(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let nodes = &mut image.choreography.nodes;
    let cases: Vec<usize> = (0..nodes.len()).filter(|at| matches!(nodes[*at], Node::Case { .. })).collect();
    if cases.is_empty() {
        return "nothing";
    }
    let at = *numbers.pick(&cases);
    if let Node::Case { deciders, .. } = &mut nodes[at]
        && let Err(at) = deciders.binary_search(&(role as u16))
    {
        deciders.insert(at, role as u16);
    }
    let node = NodeId(at as u32);
    let decisions = &mut image.machines[role].decisions;
    if decisions.is_empty() || numbers.percent(50) {
        let count = image.machines[role].states.len();
        let place = Place { state: StateId(numbers.below(count) as u32), node };
        decisions_with(&mut image.machines[role].decisions, place);
    } else {
        decisions.remove(numbers.below(decisions.len()));
    }
    "a state takes another decision"
}

fn decisions_with(places: &mut Vec<Place>, place: Place) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}

fn entry(image: &mut CodeImage, role: usize, numbers: &mut Numbers) -> &'static str {
    let nodes = image.choreography.nodes.len();
    let entries = &mut image.machines[role].entries;
    if entries.is_empty() {
        return "nothing";
    }
    let at = numbers.below(entries.len());
    if numbers.percent(30) {
        entries.remove(at);
        return "an entry is dropped";
    }
    let place = Place { node: NodeId(numbers.below(nodes) as u32), ..entries[at] };
    decisions_with(entries, place);
    "an entry is added"
}
