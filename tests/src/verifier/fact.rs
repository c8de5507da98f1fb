//! What registers hold: V3.6, V3.7, and V3.5 of components of unions.
//!
//! For each place and register, the set of everything that can be said about it on some path to the place. What is
//! said about one register depends on one register before; so the sets are exact, and no path has to be kept apart.

use super::path::{Graph, Open, Place, Way};
use super::region::{Region, branches, inside};
use super::{Findings, Role, register, typing};
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::image::Outcome;
use tell_ir::instr::{Instr, Reg};

/// What a path says about a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Unwritten,
    Written,
    /// A `Switch` found that variant in it.
    Variant(usize),
}

/// Per register what some path says about it.
type Facts = Vec<BTreeSet<Fact>>;

/// The facts at every place a path comes to.
type Known = BTreeMap<Place, Facts>;

pub(super) fn check(role: &Role<'_>, graph: &Graph, found: &mut Findings) {
    for (place, facts) in &collect(role, graph) {
        let Some(instr) = role.instr(place.pc) else { continue };
        for reg in register::reads(role, instr) {
            found.require(!facts[usize::from(reg)].contains(&Fact::Unwritten), "V3.6", &role.at(place.pc));
        }
        if let Instr::Get { dst, src, index } = instr
            && let Some(variants) = role.type_of(src).and_then(typing::variants)
        {
            let of_variant = |tag: usize| variants.get(tag).and_then(|parts| parts.get(usize::from(index)).copied());
            match known_variant(&facts[usize::from(src)]) {
                None => found.note("V3.7", role.at(place.pc)),
                Some(tag) => found.require(of_variant(tag) == role.type_id(dst), "V3.5", &role.at(place.pc)),
            }
        }
    }
}

/// The variant, if every path says the same.
fn known_variant(facts: &BTreeSet<Fact>) -> Option<usize> {
    let mut facts = facts.iter();
    match (facts.next(), facts.next()) {
        (Some(Fact::Variant(tag)), None) => Some(*tag),
        _ => None,
    }
}

/// Goes round until nothing new is said anywhere.
fn collect(role: &Role<'_>, graph: &Graph) -> Known {
    let mut start = vec![BTreeSet::from([Fact::Unwritten]); role.function.regs.len()];
    for param in &role.image.roles[usize::from(role.number)].params {
        start[usize::from(param.reg)] = BTreeSet::from([Fact::Written]);
    }
    let mut known = Known::from([(Place { pc: 0, open: Vec::new() }, start)]);
    loop {
        let mut more = false;
        for (place, ways) in &graph.0 {
            let Some(facts) = known.get(place).cloned() else { continue };
            for (way, next) in ways {
                if let Some(facts) = behind(role, graph, &known, (place, &facts), *way) {
                    more |= say(&mut known, next, facts);
                }
            }
            for (block, facts) in interrupted(role, place, &facts) {
                more |= say(&mut known, &block, facts);
            }
        }
        if !more {
            return known;
        }
    }
}

/// Adds what is said about a place; whether any of it is new.
fn say(known: &mut Known, place: &Place, facts: Facts) -> bool {
    let Some(before) = known.get_mut(place) else {
        known.insert(place.clone(), facts);
        return true;
    };
    let mut more = false;
    for (before, facts) in before.iter_mut().zip(facts) {
        let count = before.len();
        before.extend(facts);
        more |= before.len() > count;
    }
    more
}

/// The facts behind an instruction, on one of its ways; none if no path goes it.
fn behind(role: &Role<'_>, graph: &Graph, known: &Known, (place, facts): (&Place, &Facts), way: Way) -> Option<Facts> {
    let mut facts = facts.clone();
    let instr = role.instr(place.pc)?;
    match (instr, way) {
        (Instr::JoinAll, _) => join(role, graph, known, place, &mut facts)?,
        (Instr::Choose { table }, Way::Row(row)) => {
            let dst = role.function.chooses[table as usize].rows[row].dst;
            facts[usize::from(dst)] = BTreeSet::from([Fact::Written]);
        }
        (Instr::Switch { val, .. }, Way::Tag(tag)) => facts[usize::from(val)] = BTreeSet::from([Fact::Variant(tag)]),
        (Instr::Enter { scope }, Way::Outcome(row)) => {
            let row = role.function.scopes[scope as usize].rows[row];
            // Only the end of the body leads there.
            if row.outcome == Outcome::Done {
                return None;
            }
            bind(&mut facts, row.bind);
        }
        (Instr::Enter { .. }, _) => {}
        (Instr::Move { dst, src }, _) => facts[usize::from(dst)] = facts[usize::from(src)].clone(),
        _ => {
            for reg in register::writes(role, instr) {
                facts[usize::from(reg)] = BTreeSet::from([Fact::Written]);
            }
        }
    }
    Some(facts)
}

fn bind(facts: &mut Facts, register: Option<Reg>) {
    if let Some(register) = register {
        facts[usize::from(register)] = BTreeSet::from([Fact::Written]);
    }
}

/// Behind branches, a register that one of them may write holds what that one left there.
fn join(role: &Role<'_>, graph: &Graph, known: &Known, place: &Place, facts: &mut Facts) -> Option<()> {
    for spawn in branches(role, place.pc) {
        let region = Region::of(role, graph, &place.open, spawn);
        let branch = inside(&place.open, spawn);
        let is_end = |end: &&Place| end.open == branch && role.instr(end.pc) == Some(Instr::Finish);
        let ends: Vec<&Facts> = graph.within(&branch).filter(is_end).filter_map(|end| known.get(end)).collect();
        if ends.is_empty() {
            return None;
        }
        for reg in region.writes {
            let of_ends = ends.iter().flat_map(|facts| facts[usize::from(reg)].iter().copied());
            facts[usize::from(reg)] = of_ends.collect();
        }
    }
    Some(())
}

/// Where control is taken to from a place inside bodies, when an outcome other than `done` is decided.
fn interrupted(role: &Role<'_>, place: &Place, facts: &Facts) -> Vec<(Place, Facts)> {
    let mut blocks = Vec::new();
    for (depth, part) in place.open.iter().enumerate() {
        let Open::Body { table, state } = part else { continue };
        for row in &role.function.scopes[*table as usize].rows {
            if row.outcome == Outcome::Done {
                continue;
            }
            let mut open = place.open[..depth].to_vec();
            open.push(Open::Block { table: *table, state: *state });
            let mut facts = facts.clone();
            bind(&mut facts, row.bind);
            blocks.push((Place { pc: row.target as usize, open }, facts));
        }
    }
    blocks
}
