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

/// What paths say about a register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    /// One says that it is not written.
    unwritten: bool,
    /// One says that it is written, and no more.
    written: bool,
    /// Variants that a `Switch` found in it.
    variants: BTreeSet<usize>,
}

impl Said {
    fn unwritten() -> Self {
        Self { unwritten: true, ..Self::default() }
    }

    fn written() -> Self {
        Self { written: true, ..Self::default() }
    }

    fn variant(tag: usize) -> Self {
        Self { variants: BTreeSet::from([tag]), ..Self::default() }
    }

    /// The variant, if every path says the same.
    fn the_variant(&self) -> Option<usize> {
        let is_one = !self.unwritten && !self.written && self.variants.len() == 1;
        self.variants.first().copied().filter(|_| is_one)
    }

    /// Adds what other paths say; whether any of it is new.
    fn add(&mut self, other: Self) -> bool {
        let before = (self.unwritten, self.written, self.variants.len());
        self.unwritten |= other.unwritten;
        self.written |= other.written;
        self.variants.extend(other.variants);
        before != (self.unwritten, self.written, self.variants.len())
    }

    /// The same without variants.
    fn forget(&mut self) {
        self.written |= !self.variants.is_empty();
        self.variants.clear();
    }
}

/// Per register what some path says about it.
type Facts = Vec<Said>;

/// The facts at every place a path comes to.
type Known = BTreeMap<Place, Facts>;

pub(super) fn check(role: &Role<'_>, graph: &Graph, found: &mut Findings) {
    for (place, facts) in &collect(role, graph) {
        let Some(instr) = role.instr(place.pc) else { continue };
        for reg in register::reads(role, instr) {
            found.require(!facts[usize::from(reg)].unwritten, "V3.6", role.at(place.pc));
        }
        if let Instr::Get { dst, src, index } = instr
            && let Some(variants) = role.type_of(src).and_then(typing::variants)
        {
            let of_variant = |tag: usize| variants.get(tag).and_then(|parts| parts.get(usize::from(index)).copied());
            // Of a single variant everybody knows which it is.
            match facts[usize::from(src)].the_variant().or((variants.len() == 1).then_some(0)) {
                None => found.note("V3.7", role.at(place.pc)),
                Some(tag) => found.require(of_variant(tag) == role.type_id(dst), "V3.5", role.at(place.pc)),
            }
        }
    }
}

/// Follows all ways until nothing new is said anywhere.
fn collect(role: &Role<'_>, graph: &Graph) -> Known {
    let mut start = vec![Said::unwritten(); role.function.regs.len()];
    for param in &role.image.roles[usize::from(role.number)].params {
        start[usize::from(param.reg)] = Said::written();
    }
    let first = Place { pc: 0, open: Vec::new() };
    let mut known = Known::from([(first.clone(), start)]);
    let mut todo = BTreeSet::from([first]);
    while let Some(place) = todo.pop_first() {
        let facts = known[&place].clone();
        for (way, next) in graph.0.get(&place).into_iter().flatten() {
            let behind = behind(role, graph, &known, (&place, &facts), *way);
            if behind.is_some_and(|facts| say(&mut known, next, facts)) {
                todo.insert(next.clone());
            }
        }
        for (block, facts) in interrupted(role, &place, &facts) {
            if say(&mut known, &block, facts) {
                todo.insert(block);
            }
        }
        if role.instr(place.pc) == Some(Instr::Finish) {
            let joins = known.keys().filter(|join| role.instr(join.pc) == Some(Instr::JoinAll));
            todo.extend(joins.cloned().collect::<Vec<Place>>());
        }
    }
    known
}

/// Adds what is said about a place; whether any of it is new.
fn say(known: &mut Known, place: &Place, facts: Facts) -> bool {
    let Some(before) = known.get_mut(place) else {
        known.insert(place.clone(), facts);
        return true;
    };
    before.iter_mut().zip(facts).fold(false, |more, (before, said)| before.add(said) | more)
}

/// The facts behind an instruction, on one of its ways; none if no path goes it.
fn behind(role: &Role<'_>, graph: &Graph, known: &Known, (place, facts): (&Place, &Facts), way: Way) -> Option<Facts> {
    let mut facts = facts.clone();
    let instr = role.instr(place.pc)?;
    match (instr, way) {
        (Instr::JoinAll, _) => join(role, graph, known, place, &mut facts)?,
        (Instr::Choose { table }, Way::Row(row)) => {
            let dst = role.function.chooses[table as usize].rows[row].dst;
            facts[usize::from(dst)] = Said::written();
        }
        (Instr::Switch { val, .. }, Way::Tag(tag)) => facts[usize::from(val)] = Said::variant(tag),
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
                facts[usize::from(reg)] = Said::written();
            }
        }
    }
    Some(facts)
}

/// In the block of an outcome the word of a failure is written, and no variant is known: the body was left somewhere.
fn bind(facts: &mut Facts, register: Option<Reg>) {
    facts.iter_mut().for_each(Said::forget);
    if let Some(register) = register {
        facts[usize::from(register)] = Said::written();
    }
}

/// Behind branches, a register that one of them may write holds what that one left there; no variant is known.
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
            let mut said = Said::default();
            for end in &ends {
                said.add(end[usize::from(reg)].clone());
            }
            facts[usize::from(reg)] = said;
        }
    }
    facts.iter_mut().for_each(Said::forget);
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
