//! Branches side by side, scopes with outcomes, and what makes these end in different ways: time, and operations that
//! fail.
//!
//! Branches of a `par` are written for groups of roles two of which have at most one role in common. So no ordered pair
//! of roles is in two branches, and a role can be.

use super::Body;
use super::expression::From;
use super::scope::{Held, Scopes, Storage, Ty};

/// What the `par`s and scopes around a statement allow.
#[derive(Clone, Default)]
pub(super) struct Within {
    /// Cells that are set in other branches.
    pub(super) frozen: Vec<String>,
    /// Names up to this number were there before the branch. They are not sent in it: another one could send them, too.
    before_branch: u32,
    /// Names up to this number were there before the scope. They are not sent to who holds them: behind the scope it
    /// would not be known where the value comes from.
    before_scope: u32,
    /// Roles that own a scope that a failing operation ends.
    failable: Vec<usize>,
    /// Whether there is a deadline.
    is_timed: bool,
    /// How many `par`s and scopes there are.
    depth: usize,
}

impl Within {
    /// Whether a name may be sent, to somebody who holds it or not.
    pub(super) fn may_pass(&self, held: &Held, is_known: bool) -> bool {
        let least = if is_known { self.before_branch.max(self.before_scope) } else { self.before_branch };
        least == 0 || held.name[1..].parse::<u32>().is_ok_and(|number| number > least)
    }
}

impl Body<'_> {
    /// Writes inside a `par` or scope.
    fn inside<T>(&mut self, within: Within, write: impl FnOnce(&mut Self) -> T) -> T {
        self.shared.features.nested_parts |= within.depth > 0;
        let before = std::mem::replace(&mut self.within, Within { depth: within.depth + 1, ..within });
        let result = write(self);
        self.within = before;
        result
    }

    /// The end of a protocol at which somebody may wait for ever, alone or in branches.
    pub(super) fn open_end(&mut self, everyone: &[usize]) {
        if self.percent(50) {
            return self.tell_or_not(everyone);
        }
        self.branches(everyone, Self::tell_or_not);
    }

    /// A message that may not come; then nothing does.
    fn tell_or_not(&mut self, group: &[usize]) {
        let from = *self.numbers().pick(group);
        let Some(to) = self.other_than(from, group) else { return self.let_at(from) };
        self.line(&format!("choice {} at", self.names[from]));
        self.depth += 1;
        let (told, silent) = (self.fresh_label(), self.fresh_label());
        self.line(&format!("| {told} =>"));
        self.block(|body| body.message(from, to));
        self.line(&format!("| {silent} => {{}}"));
        self.depth -= 1;
    }

    /// Two or three branches side by side.
    pub(super) fn par(&mut self, active: &[usize]) {
        self.branches(active, |body, group| {
            body.begin(group);
            body.statements(group, 3);
        });
    }

    fn branches(&mut self, active: &[usize], write: impl Fn(&mut Self, &[usize])) {
        let groups = self.groups(active);
        let cells = self.cells(active);
        let setters: Vec<usize> = cells.iter().map(|_| self.numbers().below(groups.len())).collect();
        let acts = |role: &usize| groups.iter().filter(|group| group.contains(role)).count() > 1;
        self.shared.features.branches |= active.iter().any(acts);
        self.line("par");
        self.depth += 1;
        let mut ends = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let others =
                cells.iter().zip(&setters).filter(|(_, setter)| **setter != index).map(|(cell, _)| cell.clone());
            let frozen = self.within.frozen.iter().cloned().chain(others).collect();
            let within = Within { frozen, before_branch: self.shared.next_name, ..self.within.clone() };
            let first = self.lines.len();
            let end = self.inside(within, |body| {
                body.block(|body| {
                    if let Some(previous) = ends.last() {
                        body.scopes.go_on_from(previous);
                    }
                    write(body, group);
                })
            });
            ends.push(end);
            let bar = 2 * (self.depth + 1);
            self.lines[first].replace_range(bar..bar + 2, "| ");
        }
        self.depth -= 1;
        self.scopes.unite(&ends);
    }

    /// Groups of roles, each for a branch: apart from each other, but for one role that may be in several.
    fn groups(&mut self, active: &[usize]) -> Vec<Vec<usize>> {
        let mut others = active.to_vec();
        self.shuffle(&mut others);
        let Some(common) = others.pop() else { return Vec::new() };
        let count = 2 + self.numbers().below(2);
        let mut groups = vec![Vec::new(); count];
        for (index, role) in others.into_iter().enumerate() {
            let group = if index < count { index } else { self.numbers().below(count) };
            groups[group].push(role);
        }
        for group in &mut groups {
            if group.is_empty() || self.percent(75) {
                group.push(common);
            }
        }
        groups
    }

    fn cells(&self, active: &[usize]) -> Vec<String> {
        let held = active.iter().flat_map(|role| self.scopes.held(*role));
        held.filter(|held| held.storage == Storage::Cell).map(|held| held.name.clone()).collect()
    }

    /// A message, if there is somebody to send it to; something local otherwise.
    fn begin(&mut self, group: &[usize]) {
        let from = *self.numbers().pick(group);
        match self.other_than(from, group) {
            Some(to) => self.message(from, to),
            None => self.let_at(from),
        }
    }

    /// A scope with a deadline, or for an operation that may fail, or both.
    pub(super) fn scope(&mut self, active: &[usize]) {
        let mut members = active.to_vec();
        self.shuffle(&mut members);
        let count = 2 + self.numbers().below(members.len() - 1);
        members.truncate(count);
        let owner = members[0];
        let has_deadline = self.percent(65);
        let can_fail = !has_deadline || self.percent(40);
        let opening = match has_deadline {
            true => format!("timeout {} {} at", self.deadline(owner), self.names[owner]),
            false => format!("attempt {} at", self.names[owner]),
        };
        self.shared.features.scopes = true;
        self.line(&opening);
        let mut within = Within { before_scope: self.shared.next_name, ..self.within.clone() };
        within.is_timed |= has_deadline;
        if can_fail {
            within.failable.push(owner);
        }
        let has_done = self.percent(60);
        let names = self.inside(within, |body| {
            body.block(|body| {
                body.begin(&members);
                body.statements(&members, 2);
                if has_deadline && body.percent(70) {
                    let role = *body.numbers().pick(&members);
                    body.sleep(role, 25);
                    body.statements(&members, 2);
                }
                if can_fail && body.percent(70) {
                    body.perform_or_fail(owner);
                    body.statements(&members, 2);
                }
            })
        });
        if has_done {
            self.outcome("done", &members, Some(names));
        }
        if has_deadline {
            self.outcome("timeout", &members, None);
        }
        if can_fail {
            self.outcome("fail why", &members, None);
        }
    }

    fn deadline(&mut self, owner: usize) -> String {
        let known = self.name_of(owner, Ty::Time, From::All).filter(|_| self.percent(50));
        known.unwrap_or_else(|| format!("{}ms", self.numbers().below(12)))
    }

    /// The block of an outcome. What the body binds is in scope if it was done.
    fn outcome(&mut self, outcome: &str, members: &[usize], names: Option<Scopes>) {
        self.line(&format!("on {outcome} =>"));
        let owner = members[0];
        let within = Within { before_scope: self.shared.next_name, ..self.within.clone() };
        self.inside(within, |outer| {
            outer.block(|outer| {
                outer.scopes = names.unwrap_or_else(|| outer.scopes.clone());
                if outcome == "fail why" && outer.percent(40) {
                    let name = outer.fresh_name();
                    outer.line(&format!("let {name} at {} = told(why)", outer.names[owner]));
                    outer.scopes.bind_fresh(&[owner], &name, Ty::Text);
                }
                outer.statements(members, 2);
            })
        });
    }

    /// Whether it is time for a local statement that only full programs have.
    pub(super) fn is_local_of_full(&mut self) -> bool {
        self.is_full() && {
            let share = if self.within.is_timed { 45 } else { 30 };
            self.percent(share)
        }
    }

    /// A local statement that only full programs have.
    pub(super) fn local_of_full(&mut self, role: usize) {
        let (name, at) = (self.fresh_name(), self.names[role].clone());
        let number = self.int(role, From::All).text;
        match self.numbers().below(20) {
            0..=6 => self.sleep(role, 12),
            7 => {
                self.line(&format!("observe let {name} at {at} = observe Clock.now()"));
                self.scopes.bind_fresh(&[role], &name, Ty::Time);
            }
            8..=12 if self.within.failable.contains(&role) || self.percent(4) => self.perform_or_fail(role),
            13 => {
                self.line(&format!("let {name} at {at} = do Desk.ask({number})"));
                self.scopes.bind_fresh(&[role], &name, Ty::Int);
            }
            14 if self.percent(30) => self.line(&format!("assert {number} % 5 != 3 at {at} \"not three\"")),
            15 if self.percent(30) => {
                self.line(&format!("let {name} at {at} = 60 / ({number} % 9)"));
                self.scopes.bind_fresh(&[role], &name, Ty::Int);
            }
            16 | 17 => {
                let call = self.called(true, number);
                let value = call.map_or_else(|| "17".to_owned(), |call| call.text);
                self.line(&format!("let {name} at {at} = {value}"));
                self.scopes.bind_fresh(&[role], &name, Ty::Int);
            }
            _ => self.let_at(role),
        }
    }

    fn sleep(&mut self, role: usize, most: usize) {
        let time = self.numbers().below(most);
        self.line(&format!("do Clock.sleep({time}ms) at {}", self.names[role]));
    }

    /// An operation that fails for some numbers.
    fn perform_or_fail(&mut self, role: usize) {
        let (number, odds) = (self.int(role, From::All).text, 2 + self.numbers().below(2));
        let count = format!("if {number} % {odds} == 1 then 99_999_999 else 2");
        self.line(&format!("do Random.bytes({count}) at {}", self.names[role]));
    }

    /// A guard, or in its place one that performs an operation; and the name of its evidence.
    pub(super) fn checked_guard(&mut self, role: usize, guard: String) -> (String, Option<String>) {
        if !self.is_full() || guard.is_empty() || self.percent(70) {
            return (guard, None);
        }
        let (number, name) = (self.int(role, From::All).text, self.fresh_name());
        (format!(" when check Desk.find({number}) yields {name}"), Some(name))
    }
}
