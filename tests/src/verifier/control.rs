//! The control graph of a role's code: V2.1 to V2.6. V2.7 is about operands, V2.8 and V2.9 about what is open.

use super::{Findings, Role};
use std::collections::BTreeSet;
use tell_ir::instr::Instr;
use tell_ir::machine::StateId;

pub(super) fn check(role: &Role<'_>, found: &mut Findings) {
    let code = &role.function.code;
    let blocks = &role.function.blocks;
    let spot = role.spot("code", 0);
    let starts_right = blocks.first().is_some_and(|first| first.pc == 0 && first.state == StateId(0));
    found.require(!code.is_empty() && starts_right, "V2.1", spot);
    let ascending = blocks.windows(2).all(|pair| pair[0].pc < pair[1].pc);
    let inside = blocks.iter().all(|block| (block.pc as usize) < code.len());
    found.require(ascending && inside, "V2.2", spot);
    let is_block = |target: u32| role.block(target as usize).is_some();
    for pc in 0..code.len() {
        found.require(jumps(role, pc).into_iter().all(is_block), "V2.3", role.at(pc));
    }
    found.require(!code.last().is_some_and(goes_on), "V2.4", spot);
}

/// V2.5, V2.6
pub(super) fn check_ways(role: &Role<'_>, found: &mut Findings) {
    let code = &role.function.code;
    for pc in (0..code.len()).collect::<BTreeSet<usize>>().difference(&reached(role)) {
        found.note("V2.5", role.at(*pc));
    }
    if let Some(pc) = silent_loop(role) {
        found.note("V2.6", role.at(pc));
    }
}

/// Where control may go from an instruction, other than to the next.
fn jumps(role: &Role<'_>, pc: usize) -> Vec<u32> {
    let function = role.function;
    match function.code[pc] {
        Instr::Choose { table } => {
            let table = function.chooses.get(table as usize);
            table.map(|table| table.rows.iter().map(|row| row.target).collect()).unwrap_or_default()
        }
        Instr::Switch { table, .. } => function.switches.get(table as usize).cloned().unwrap_or_default(),
        Instr::Enter { scope } => {
            let table = function.scopes.get(scope as usize);
            table.map(|table| table.rows.iter().map(|row| row.target).collect()).unwrap_or_default()
        }
        Instr::Branch { target, .. } | Instr::Jump { target } | Instr::Spawn { target } | Instr::Fork { target } => {
            vec![target]
        }
        _ => Vec::new(),
    }
}

/// Whether control may go on behind an instruction.
pub(super) const fn goes_on(instr: &Instr) -> bool {
    match instr {
        Instr::Choose { .. }
        | Instr::Switch { .. }
        | Instr::Jump { .. }
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::Finish
        | Instr::Exit { .. }
        | Instr::Abort => false,
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Perform { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Branch { .. }
        | Instr::Yield
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Enter { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Transfer { .. }
        | Instr::Tag { .. }
        | Instr::Check { .. } => true,
    }
}

fn successors(role: &Role<'_>, pc: usize) -> Vec<usize> {
    let jumps = jumps(role, pc).into_iter().map(|target| target as usize);
    // Elsewhere than to a block, V2.3 is broken, and nothing is reached.
    let mut next: Vec<usize> = jumps.filter(|target| role.block(*target).is_some()).collect();
    if goes_on(&role.function.code[pc]) {
        next.push(pc + 1);
    }
    next
}

fn reached(role: &Role<'_>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![0];
    while let Some(pc) = todo.pop() {
        if pc < role.function.code.len() && seen.insert(pc) {
            todo.extend(successors(role, pc));
        }
    }
    seen
}

/// Whether an instruction makes a loop it is in harmless.
const fn is_progress(instr: Instr) -> bool {
    matches!(
        instr,
        Instr::Send { .. }
            | Instr::Offer { .. }
            | Instr::Receive { .. }
            | Instr::Choose { .. }
            | Instr::Transfer { .. }
            | Instr::Perform { .. }
            | Instr::Open { .. }
            | Instr::Close { .. }
            | Instr::Enter { .. }
            | Instr::JoinAll
            | Instr::Yield
    )
}

/// An instruction that is on a loop without progress: it can come to itself again.
fn silent_loop(role: &Role<'_>) -> Option<usize> {
    let silent = |pc: &usize| !is_progress(role.function.code[*pc]);
    (0..role.function.code.len()).filter(silent).find(|start| {
        let mut seen = BTreeSet::new();
        let mut todo = successors(role, *start);
        while let Some(pc) = todo.pop() {
            if pc < role.function.code.len() && silent(&pc) && seen.insert(pc) {
                todo.extend(successors(role, pc));
            }
        }
        seen.contains(start)
    })
}
