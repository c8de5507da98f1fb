//! What the graph of all configurations says: whether runs end, and where a message can still be taken.

use super::Termination;
use super::search::Arc;
use crate::graph::Role;

/// The arcs by one of their ends.
struct Table {
    offsets: Vec<u32>,
    others: Vec<u32>,
}

impl Table {
    fn new(count: usize, arcs: &[Arc], key: impl Fn(&Arc) -> (u32, u32)) -> Self {
        let mut offsets = vec![0u32; count + 1];
        arcs.iter().for_each(|arc| offsets[key(arc).0 as usize + 1] += 1);
        for index in 1..offsets.len() {
            offsets[index] += offsets[index - 1];
        }
        let mut fill = offsets.clone();
        let mut others = vec![0; arcs.len()];
        for (own, other) in arcs.iter().map(key) {
            others[fill[own as usize] as usize] = other;
            fill[own as usize] += 1;
        }
        Self { offsets, others }
    }

    fn of(&self, at: u32) -> &[u32] {
        &self.others[self.offsets[at as usize] as usize..self.offsets[at as usize + 1] as usize]
    }
}

/// Everything some target can be reached from.
fn backward(before: &Table, count: usize, targets: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut todo: Vec<u32> = targets.collect();
    while let Some(at) = todo.pop() {
        if !std::mem::replace(&mut reached[at as usize], true) {
            todo.extend(before.of(at));
        }
    }
    reached
}

/// Whether runs come to one of the ends.
pub(super) fn termination(count: usize, arcs: &[Arc], ends: &[u32]) -> Termination {
    if ends.is_empty() {
        return Termination::Never;
    }
    let before = Table::new(count, arcs, |arc| (arc.to, arc.from));
    let lost = backward(&before, count, ends.iter().copied()).iter().filter(|reached| !**reached).count();
    match lost {
        0 if is_acyclic(count, arcs) => Termination::Always,
        0 => Termination::Possible,
        lost => Termination::Partial(lost),
    }
}

/// Takes away what nothing leads to until nothing is left, or a circle.
fn is_acyclic(count: usize, arcs: &[Arc]) -> bool {
    let behind = Table::new(count, arcs, |arc| (arc.from, arc.to));
    let mut into = vec![0u32; count];
    arcs.iter().for_each(|arc| into[arc.to as usize] += 1);
    let mut todo: Vec<u32> = (0..).zip(&into).filter(|(_, into)| **into == 0).map(|(at, _)| at).collect();
    let mut taken = 0;
    while let Some(at) = todo.pop() {
        taken += 1;
        for next in behind.of(at) {
            into[*next as usize] -= 1;
            if into[*next as usize] == 0 {
                todo.push(*next);
            }
        }
    }
    taken == count
}

/// The configurations from which the head of a channel can still be taken.
pub(super) fn consuming(count: usize, arcs: &[Arc], edge: u32) -> Vec<bool> {
    let before = Table::new(count, arcs, |arc| (arc.to, arc.from));
    let takes = arcs.iter().filter(|arc| arc.consumes == Some(edge)).map(|arc| arc.from);
    backward(&before, count, takes)
}

/// The configurations from which a role can still move.
pub(super) fn moving(count: usize, arcs: &[Arc], role: Role) -> Vec<bool> {
    let before = Table::new(count, arcs, |arc| (arc.to, arc.from));
    let moves = arcs.iter().filter(|arc| arc.role == role).map(|arc| arc.from);
    backward(&before, count, moves)
}
