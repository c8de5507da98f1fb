//! The walk of a role's code along its machine: V5.3 to V5.11, V5.13, V5.15, and what is open where: V2.8, V2.9.
//!
//! Every place is visited with every state and everything that can be open there. Behind something wrong the state is
//! not known until the next block says it, so that one mistake does not hide others.

use super::path::{Graph, Open, Place, Way};
use super::{Findings, MOST_PLACES, Role};
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::image::ChooseTable;
use tell_ir::instr::Instr;
use tell_ir::machine::{State, StateId, Transition};

/// A place, and the state of the machine there if it is known.
type Visit = (Place, Option<StateId>);

/// The graph of all places control can come to.
pub(super) fn follow(role: &Role<'_>, found: &mut Findings) -> Graph {
    let start = (Place { pc: 0, open: Vec::new() }, Some(StateId(0)));
    let most_open =
        role.function.code.iter().filter(|i| matches!(i, Instr::Spawn { .. } | Instr::Enter { .. })).count();
    let mut graph = Graph::default();
    let mut seen = BTreeSet::new();
    let mut todo = vec![start];
    while let Some((place, state)) = todo.pop() {
        // Who is in more than can be entered is in something twice, and V2.8 is broken there.
        if place.open.len() > most_open || !seen.insert((place.clone(), state)) {
            continue;
        }
        if seen.len() > MOST_PLACES {
            found.gave_up = true;
            break;
        }
        let mut step = Step { role, found, place: &place, state, ways: BTreeSet::new() };
        step.take();
        let ways = step.ways;
        graph.0.entry(place).or_default().extend(ways.iter().map(|(way, (place, _))| (*way, place.clone())));
        todo.extend(ways.into_iter().map(|(_, visit)| visit));
    }
    meeting(role, &graph, found);
    behind_scopes(role, &seen, found);
    graph
}

/// V5.7 behind `Leave`: what follows the states its table is entered in. That is so for the table it names, too, where it
/// is not the one that was entered.
fn behind_scopes(role: &Role<'_>, seen: &BTreeSet<Visit>, found: &mut Findings) {
    for (place, _) in seen {
        let Some(Instr::Leave { scope }) = role.instr(place.pc) else { continue };
        let behind = match (role.block(place.pc + 1), role.instr(place.pc + 1)) {
            (None, Some(Instr::Jump { target })) => role.block(target as usize),
            (declared, _) => declared,
        };
        for (_, state) in seen.iter().filter(|visit| role.instr(visit.0.pc) == Some(Instr::Enter { scope })) {
            if let (Some(State::Scope { then, .. }), Some(declared)) = (state.and_then(|s| role.state(s)), behind) {
                found.require(leads(role, *then, declared), "V5.7", role.at(place.pc));
            }
        }
    }
}

/// V2.8
fn meeting(role: &Role<'_>, graph: &Graph, found: &mut Findings) {
    let mut open_at: BTreeMap<usize, Vec<Open>> = BTreeMap::new();
    for place in graph.0.keys() {
        let open: Vec<Open> = place.open.iter().map(|open| alike(role, open)).collect();
        let first = open_at.entry(place.pc).or_insert_with(|| open.clone());
        found.require(*first == open, "V2.8", role.at(place.pc));
    }
}

/// What is open, without its state; all branches of one `par` are the last of them.
fn alike(role: &Role<'_>, open: &Open) -> Open {
    match open {
        Open::Branch { spawn } => {
            let is_spawn = |pc: &usize| matches!(role.instr(*pc), Some(Instr::Spawn { .. }));
            Open::Branch { spawn: (*spawn..).take_while(is_spawn).last().unwrap_or(*spawn) }
        }
        Open::Body { table, .. } => Open::Body { table: *table, state: None },
        Open::Block { table, .. } => Open::Block { table: *table, state: None },
    }
}

/// One instruction in one state.
struct Step<'a> {
    role: &'a Role<'a>,
    found: &'a mut Findings,
    place: &'a Place,
    state: Option<StateId>,
    ways: BTreeSet<(Way, Visit)>,
}

impl<'a> Step<'a> {
    fn note(&mut self, rule: &'static str) {
        self.found.note(rule, self.role.at(self.place.pc));
    }

    fn require(&mut self, holds: bool, rule: &'static str) {
        self.found.require(holds, rule, self.role.at(self.place.pc));
    }

    /// The machine's state, unless it is not known.
    fn known(&self) -> Option<&'a State> {
        self.role.state(self.state?)
    }

    fn take(&mut self) {
        let Some(instr) = self.role.instr(self.place.pc) else { return };
        match instr {
            Instr::Send { to, label, .. } | Instr::Offer { to, label, .. } => self.send(to, label),
            Instr::Transfer { to, bundle, .. } => {
                let label = self.role.image.resources.bundles.get(usize::from(bundle)).map(|bundle| bundle.label);
                self.send(to, label.unwrap_or(u16::MAX));
            }
            Instr::Receive { from, label, .. } => self.receive(from, label),
            Instr::Choose { table } => self.choose(table),
            Instr::Perform { .. } | Instr::Open { .. } | Instr::Close { .. } | Instr::Acquire { .. } => {
                self.require(matches!(self.known(), None | Some(State::Tau(_) | State::Send(_))), "V5.8");
                self.on(self.state);
            }
            Instr::Switch { table, .. } => {
                let targets = self.role.function.switches.get(table as usize).cloned().unwrap_or_default();
                for (tag, target) in targets.into_iter().enumerate() {
                    self.go(Way::Tag(tag), target as usize, self.state);
                }
            }
            Instr::Branch { target, .. } => {
                self.go(Way::On, target as usize, self.state);
                self.on(self.state);
            }
            Instr::Jump { target } => self.go(Way::On, target as usize, self.state),
            Instr::Halt { .. } => {
                self.require(matches!(self.known(), None | Some(State::End)), "V5.6");
                self.require(self.place.open.is_empty(), "V2.9");
            }
            Instr::Spawn { target } => self.spawn(target as usize),
            Instr::JoinAll => self.join(),
            Instr::Finish => {
                self.at_join();
                self.require(matches!(self.place.open.last(), Some(Open::Branch { .. })), "V2.9");
            }
            Instr::Enter { scope } => self.enter(scope),
            Instr::Exit { scope } => self.exit(scope),
            Instr::Leave { scope } => self.leave(scope),
            Instr::Fork { target } => self.fork(target as usize),
            Instr::Fail { .. } | Instr::Abort => {}
            Instr::Set { .. }
            | Instr::Move { .. }
            | Instr::Prim { .. }
            | Instr::Make { .. }
            | Instr::Get { .. }
            | Instr::Count { .. }
            | Instr::Yield
            | Instr::Release { .. }
            | Instr::Join
            | Instr::Tag { .. }
            | Instr::Check { .. } => self.on(self.state),
        }
    }

    /// To the next instruction.
    fn on(&mut self, state: Option<StateId>) {
        self.go(Way::On, self.place.pc + 1, state);
    }

    /// To a place in the same part, in that state if it is known.
    fn go(&mut self, way: Way, pc: usize, state: Option<StateId>) {
        self.come(way, Place { pc, open: self.place.open.clone() }, state);
    }

    /// To a place, in that state if it is known. A block there is of it, or of what it leads to silently.
    fn come(&mut self, way: Way, place: Place, state: Option<StateId>) {
        let declared = self.role.block(place.pc);
        if let (Some(state), Some(declared)) = (state, declared) {
            self.require(leads(self.role, state, declared), "V5.7");
        }
        self.ways.insert((way, (place, declared.or(state))));
    }

    /// To a block of exactly that state, if it is known.
    fn come_exactly(&mut self, way: Way, place: Place, state: Option<StateId>, rule: &'static str) {
        let declared = self.role.block(place.pc);
        self.require(declared.is_some() && state.is_none_or(|state| declared == Some(state)), rule);
        self.ways.insert((way, (place, declared)));
    }

    /// V5.13 of a message to or from that role.
    fn among(&mut self, partner: u16) {
        for open in &self.place.open {
            if let Some(scope) = self.scope_of(open) {
                let participants = &self.role.image.scopes[scope].participants;
                self.require(participants.contains(&partner), "V5.13");
            }
        }
    }

    /// The scope that is open.
    fn scope_of(&self, open: &Open) -> Option<usize> {
        let (Open::Body { table, .. } | Open::Block { table, .. }) = open else { return None };
        let scope = self.role.function.scopes.get(*table as usize)?.scope as usize;
        (scope < self.role.image.scopes.len()).then_some(scope)
    }

    /// V5.3
    fn send(&mut self, to: u16, label: u16) {
        self.among(to);
        let next = match self.known() {
            None => None,
            Some(State::Send(rows)) => target(rows, to, label),
            Some(_) => None,
        };
        self.require(self.state.is_none() || next.is_some(), "V5.3");
        self.on(next);
    }

    /// V5.4
    fn receive(&mut self, from: u16, label: u16) {
        self.among(from);
        let next = match self.known() {
            Some(State::Recv { rows, may_end: false }) if rows.len() == 1 => target(rows, from, label),
            _ => None,
        };
        self.require(self.state.is_none() || next.is_some(), "V5.4");
        self.on(next);
    }

    /// V5.5
    fn choose(&mut self, table: u32) {
        let Some(table) = self.role.function.chooses.get(table as usize) else { return };
        table.rows.iter().for_each(|row| self.among(row.partner));
        let state = self.known();
        if self.state.is_some() {
            self.require(state.is_some_and(|state| is_table_of(table, state)), "V5.5");
        }
        for (at, row) in table.rows.iter().enumerate() {
            let next = match state {
                Some(State::Recv { rows, .. }) => target(rows, row.partner, row.label),
                _ => None,
            };
            let place = Place { pc: row.target as usize, open: self.place.open.clone() };
            self.come_exactly(Way::Row(at), place, next, "V5.7");
        }
    }

    /// How many `Spawn`s stand in this block directly before the place.
    fn spawned(&self) -> usize {
        let mut first = self.place.pc;
        while self.role.block(first).is_none()
            && first > 0
            && matches!(self.role.instr(first - 1), Some(Instr::Spawn { .. }))
        {
            first -= 1;
        }
        self.place.pc - first
    }

    /// V5.9 of one branch.
    fn spawn(&mut self, target: usize) {
        let branch = match self.known() {
            Some(State::Par { branches, .. }) => branches.get(self.spawned()).copied(),
            _ => None,
        };
        self.require(self.state.is_none() || branch.is_some(), "V5.9");
        let behind = self.place.pc + 1;
        let goes_on = matches!(self.role.instr(behind), Some(Instr::Spawn { .. } | Instr::JoinAll));
        self.require(goes_on && self.role.block(behind).is_none(), "V5.9");
        let mut open = self.place.open.clone();
        open.push(Open::Branch { spawn: self.place.pc });
        self.come_exactly(Way::Branch, Place { pc: target, open }, branch, "V5.9");
        self.on(self.state);
    }

    /// V5.9 behind the branches.
    fn join(&mut self) {
        let then = match self.known() {
            Some(State::Par { branches, then }) if branches.len() == self.spawned() => Some(*then),
            _ => None,
        };
        self.require(self.state.is_none() || then.is_some(), "V5.9");
        let behind = Place { pc: self.place.pc + 1, open: self.place.open.clone() };
        self.require(self.role.block(behind.pc).is_some(), "V5.9");
        self.come(Way::Joined, behind, then);
    }

    /// V5.10, and V5.13 of a scope inside others.
    fn enter(&mut self, table: u32) {
        let entered = &self.role.function.scopes[table as usize];
        let inner = &self.role.image.scopes[entered.scope as usize];
        inner.participants.iter().for_each(|role| self.among(*role));
        let state = match self.known() {
            Some(State::Scope { scope, body, rows, .. }) if *scope == entered.scope => Some((*body, rows)),
            _ => None,
        };
        self.require(self.state.is_none() || state.is_some(), "V5.10");
        let at = state.and(self.state);
        let inside = |part: Open| {
            let mut open = self.place.open.clone();
            open.push(part);
            open
        };
        let (body, block) = (inside(Open::Body { table, state: at }), inside(Open::Block { table, state: at }));
        for (row, outcome) in entered.rows.iter().enumerate() {
            let target = state.and_then(|(_, rows)| rows.iter().find(|known| known.0 == outcome.outcome));
            let place = Place { pc: outcome.target as usize, open: block.clone() };
            self.come_exactly(Way::Outcome(row), place, target.map(|row| row.1), "V5.10");
        }
        let place = Place { pc: self.place.pc + 1, open: body };
        self.come(Way::On, place, state.map(|(body, _)| body));
    }

    /// V5.11 of the state a part ends in.
    fn at_join(&mut self) {
        self.require(matches!(self.known(), None | Some(State::Join)), "V5.11");
    }

    fn exit(&mut self, table: u32) {
        self.at_join();
        match self.place.open.split_last() {
            Some((Open::Body { table: entered, state }, around)) if *entered == table => {
                let mut open = around.to_vec();
                open.push(Open::Block { table: *entered, state: *state });
                let row = self.role.function.scopes[*entered as usize].rows.first().map(|row| row.target as usize);
                // Where it leads was looked at when the scope was entered.
                if let Some(pc) = row {
                    self.ways.insert((Way::Done, (Place { pc, open }, self.role.block(pc))));
                }
            }
            _ => self.note("V2.9"),
        }
    }

    fn leave(&mut self, table: u32) {
        self.at_join();
        let behind = self.place.pc + 1;
        let goes_on = self.role.block(behind).is_some() || matches!(self.role.instr(behind), Some(Instr::Jump { .. }));
        self.require(goes_on, "V5.11");
        match self.place.open.split_last() {
            Some((Open::Block { table: entered, state }, around)) if *entered == table => {
                let then = match state.and_then(|state| self.role.state(state)) {
                    Some(State::Scope { then, .. }) => Some(*then),
                    _ => None,
                };
                self.come(Way::On, Place { pc: behind, open: around.to_vec() }, then);
            }
            open => {
                self.note("V2.9");
                // What stands behind is looked at all the same.
                let around = open.map_or(Vec::new(), |(_, around)| around.to_vec());
                self.come(Way::On, Place { pc: behind, open: around }, None);
            }
        }
    }

    /// V5.15
    fn fork(&mut self, target: usize) {
        let declared = self.role.block(target);
        self.require(self.state.is_none() || declared == self.state, "V5.15");
        self.ways.insert((Way::Undone, (Place { pc: target, open: self.place.open.clone() }, declared)));
        self.on(self.state);
    }
}

/// Whether a block of state `to` may stand where the machine is in state `from`.
fn leads(role: &Role<'_>, from: StateId, to: StateId) -> bool {
    from == to || matches!(role.state(from), Some(State::Tau(next)) if next.contains(&to))
}

/// Where a row leads.
fn target(rows: &[Transition], partner: u16, label: u16) -> Option<StateId> {
    rows.iter().find(|row| (row.partner, row.label) == (partner, label)).map(|row| row.target)
}

/// Whether a table has the rows of a state, each once, and finals where the session may end in it.
fn is_table_of(table: &ChooseTable, state: &State) -> bool {
    let State::Recv { rows, may_end } = state else { return false };
    let mut ours: Vec<(u16, u16)> = table.rows.iter().map(|row| (row.partner, row.label)).collect();
    let mut theirs: Vec<(u16, u16)> = rows.iter().map(|row| (row.partner, row.label)).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    ours == theirs && table.finals.is_some() == *may_end
}
