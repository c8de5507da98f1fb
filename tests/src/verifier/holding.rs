//! What is used once, and speculation: V2.10, V4.2 to V4.7.

use super::path::{Graph, Place, Way};
use super::{Findings, MOST_PLACES, Role, register};
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::image::{Outcome, Region};
use tell_ir::instr::{Instr, Reg};
use tell_ir::ty::Type;

/// What a path holds at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    /// Registers with an endpoint or evidence, and how much was open where it came there.
    regs: BTreeMap<Reg, usize>,
    /// Whether something was tried that is neither joined nor undone.
    speculates: bool,
}

pub(super) fn check(role: &Role<'_>, graph: &Graph, found: &mut Findings) {
    let is_linear = |reg: Reg| role.type_of(reg).is_some_and(Type::is_linear);
    let params = role.image.roles[usize::from(role.number)].params.iter().map(|param| param.reg);
    let start = Held { regs: params.filter(|reg| is_linear(*reg)).map(|reg| (reg, 0)).collect(), speculates: false };
    let mut at: BTreeMap<usize, Held> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut todo = vec![(Place { pc: 0, open: Vec::new() }, start)];
    while let Some((place, held)) = todo.pop() {
        if !seen.insert((place.clone(), held.clone())) {
            continue;
        }
        if seen.len() > MOST_PLACES {
            found.gave_up = true;
            return;
        }
        let first = at.entry(place.pc).or_insert_with(|| held.clone());
        found.require(*first == held, "V4.2", role.at(place.pc));
        let Some(instr) = role.instr(place.pc) else { continue };
        for (way, next) in graph.0.get(&place).into_iter().flatten() {
            if let Ok(held) = behind(role, (&place, instr, *way), held.clone()) {
                todo.push((next.clone(), held));
            }
        }
        everywhere(role, &place, instr, &held, found);
    }
}

/// What has to hold at a place, whichever way control goes on.
fn everywhere(role: &Role<'_>, place: &Place, instr: Instr, held: &Held, found: &mut Findings) {
    let here = place.open.len();
    let at = role.at(place.pc);
    let mut refuse = |if_so: bool, rule: &'static str| found.require(!if_so, rule, at);
    refuse(held.speculates && !can_be_undone(role, instr), "V2.10");
    refuse(!held.speculates && matches!(instr, Instr::Join | Instr::Abort), "V2.10");
    refuse(!held.regs.is_empty() && matches!(instr, Instr::Halt { .. }), "V4.3");
    let is_end = matches!(instr, Instr::Finish | Instr::Exit { .. } | Instr::Leave { .. });
    refuse(is_end && held.regs.values().any(|depth| *depth == here), "V4.5");
    let layers: Vec<u16> = held.regs.keys().filter_map(|reg| layer(role, *reg)).collect();
    if let Instr::Acquire { layer, .. } = instr {
        refuse(layers.iter().any(|held| *held >= layer), "V4.6");
    }
    refuse(!layers.is_empty() && waits(instr), "V4.7");
    let mut used =
        register::reads(role, instr).into_iter().filter(|reg| role.type_of(*reg).is_some_and(Type::is_linear));
    refuse(used.any(|reg| held.regs.get(&reg) != Some(&here)), "V4.4");
    let ways = match instr {
        Instr::Choose { table } => (0..role.function.chooses[table as usize].rows.len()).map(Way::Row).collect(),
        Instr::Enter { scope } => (0..role.function.scopes[scope as usize].rows.len()).map(Way::Outcome).collect(),
        _ => vec![Way::On],
    };
    for way in ways {
        if let Err(rule) = behind(role, (place, instr, way), held.clone()) {
            refuse(true, rule);
        }
    }
}

/// The layer whose evidence a register holds.
fn layer(role: &Role<'_>, reg: Reg) -> Option<u16> {
    match role.type_of(reg) {
        Some(Type::Evidence(layer)) => Some(*layer),
        _ => None,
    }
}

/// Whether an instruction may stand in a speculation.
fn can_be_undone(role: &Role<'_>, instr: Instr) -> bool {
    match instr {
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Choose { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Switch { .. }
        | Instr::Branch { .. }
        | Instr::Jump { .. }
        | Instr::Fail { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Tag { .. }
        | Instr::Check { .. } => true,
        Instr::Perform { op, .. } => {
            let op = &role.image.ops[usize::from(op)];
            op.meta.region == Region::Session && role.image.effects[usize::from(op.effect)].name != "Host"
        }
        Instr::Yield
        | Instr::Halt { .. }
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Transfer { .. } => false,
    }
}

/// Whether an instruction may wait for another role, a branch, a scope or a session, ends such, or starts to speculate.
const fn waits(instr: Instr) -> bool {
    matches!(
        instr,
        Instr::Send { .. }
            | Instr::Offer { .. }
            | Instr::Receive { .. }
            | Instr::Choose { .. }
            | Instr::Transfer { .. }
            | Instr::Close { .. }
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Enter { .. }
            | Instr::Exit { .. }
            | Instr::Leave { .. }
            | Instr::Fork { .. }
    )
}

/// What is held behind an instruction on one of its ways.
fn behind(role: &Role<'_>, (place, instr, way): (&Place, Instr, Way), mut held: Held) -> Result<Held, &'static str> {
    let is_linear = |reg: &Reg| role.type_of(*reg).is_some_and(Type::is_linear);
    let here = place.open.len();
    match instr {
        // `Move` hands on what is used once; its source holds nothing behind it.
        Instr::Close { .. }
        | Instr::Transfer { .. }
        | Instr::Release { .. }
        | Instr::Open { .. }
        | Instr::Move { .. } => {
            for reg in register::reads(role, instr).iter().filter(|reg| is_linear(reg)) {
                if held.regs.remove(reg) != Some(here) {
                    return Err("V4.4");
                }
            }
        }
        _ if register::reads(role, instr).iter().any(is_linear) => return Err("V4.3"),
        _ => {}
    }
    let written = match (instr, way) {
        (Instr::Choose { table }, Way::Row(row)) => vec![role.function.chooses[table as usize].rows[row].dst],
        (Instr::Enter { scope }, Way::Outcome(row)) => {
            let row = role.function.scopes[scope as usize].rows[row];
            debug_assert!(row.bind.is_none() || row.outcome == Outcome::Fail, "V1.17 says so");
            row.bind.into_iter().collect()
        }
        (Instr::Enter { .. }, _) => Vec::new(),
        _ => register::writes(role, instr),
    };
    for reg in written {
        if held.regs.contains_key(&reg) {
            return Err("V4.3");
        }
        if is_linear(&reg) {
            held.regs.insert(reg, here);
        }
    }
    match (instr, way) {
        (Instr::Fork { .. }, Way::On) => held.speculates = true,
        (Instr::Join, _) => held.speculates = false,
        _ => {}
    }
    Ok(held)
}
