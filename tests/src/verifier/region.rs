//! Branches side by side: V3.9, V5.12.

use super::path::{Graph, Open, Place};
use super::{Findings, Role, register};
use std::collections::BTreeSet;
use tell_ir::instr::{Instr, Reg};

/// What the code of a branch touches.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) reads: BTreeSet<Reg>,
    pub(super) writes: BTreeSet<Reg>,
    /// Sender and receiver.
    edges: BTreeSet<(u16, u16)>,
}

impl Region {
    /// The branch that a `Spawn` at a place starts.
    pub(super) fn of(role: &Role<'_>, graph: &Graph, around: &[Open], spawn: usize) -> Self {
        let mut region = Self::default();
        for place in graph.within(&inside(around, spawn)) {
            let Some(instr) = role.instr(place.pc) else { continue };
            region.reads.extend(register::reads(role, instr));
            region.writes.extend(register::writes(role, instr));
            region.edges.extend(edges(role, instr));
        }
        region
    }
}

/// What is open in the branch that a `Spawn` starts.
pub(super) fn inside(around: &[Open], spawn: usize) -> Vec<Open> {
    let mut open = around.to_vec();
    open.push(Open::Branch { spawn });
    open
}

/// The `Spawn`s that the `JoinAll` at a place waits for.
pub(super) fn branches(role: &Role<'_>, join: usize) -> Vec<usize> {
    (0..join).rev().take_while(|pc| matches!(role.instr(*pc), Some(Instr::Spawn { .. }))).collect()
}

fn edges(role: &Role<'_>, instr: Instr) -> Vec<(u16, u16)> {
    match instr {
        Instr::Send { to, .. } | Instr::Offer { to, .. } | Instr::Transfer { to, .. } => vec![(role.number, to)],
        Instr::Receive { from, .. } => vec![(from, role.number)],
        Instr::Choose { table } => {
            let table = role.function.chooses.get(table as usize);
            table.map(|t| t.rows.iter().map(|row| (row.partner, role.number)).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

pub(super) fn check(role: &Role<'_>, graph: &Graph, found: &mut Findings) {
    for Place { pc, open } in graph.0.keys() {
        if role.instr(*pc) != Some(Instr::JoinAll) {
            continue;
        }
        let regions: Vec<Region> =
            branches(role, *pc).into_iter().map(|spawn| Region::of(role, graph, open, spawn)).collect();
        for (at, one) in regions.iter().enumerate() {
            for (_, other) in regions.iter().enumerate().filter(|(number, _)| *number != at) {
                let apart = one.writes.is_disjoint(&other.reads) && one.writes.is_disjoint(&other.writes);
                found.require(apart, "V3.9", role.at(*pc));
                found.require(one.edges.is_disjoint(&other.edges), "V5.12", role.at(*pc));
            }
        }
    }
}
