//! Scopes with outcomes (LANGUAGE §4): who is where in them, how they end, and how their participants leave.

use super::{Line, Session, Status, Turn};
use crate::evaluate::Evaluated;
use std::collections::BTreeMap;
use tell_compiler::graph::{NodeId, NodeKind, Role};
use tell_compiler::project::machine::{Kind, Scope};
use tell_ir::image::Outcome;
use tell_vm::{FailureKind, Fault, Value};

/// Deepest nesting of runs.
const MAX_DEPTH: usize = 1024;

/// A place in a run of a scope: how many runs of it there were before in the same place, and the block: 0 is the body, and
/// behind it come those of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Visit {
    scope: NodeId,
    number: usize,
    block: usize,
}

/// A place in the choreography, seen from its scopes, the outermost first. A *run* is the part that is its body.
pub(super) type Part = Vec<Visit>;

/// A scope that a line went into: its state and slots then, and what the body brought to its end.
#[derive(Clone)]
pub(super) struct Entered {
    state: u32,
    slots: Vec<Value>,
    pub(super) brought: Vec<Value>,
}

/// What became of the runs.
#[derive(Default)]
pub(super) struct Runs {
    /// How often a role came to a scope in a part.
    visits: BTreeMap<(Part, Role, NodeId), usize>,
    decided: BTreeMap<Part, (Outcome, Option<FailureKind>)>,
    /// Deadlines in the order in which they were set.
    deadlines: Vec<(u64, Part)>,
    /// Scopes in the order in which they were first entered.
    known: Vec<NodeId>,
}

impl Runs {
    pub(super) fn next_deadline(&self) -> Option<(u64, Part)> {
        self.deadlines.iter().min_by_key(|(when, _)| *when).cloned()
    }
}

impl<'p> Session<'p> {
    // ---- who is where

    /// Whether a role has left a part for ever: one of its runs, or a block of it that others follow.
    pub(super) fn has_left(&self, role: Role, part: &[Visit]) -> bool {
        for (depth, visit) in part.iter().enumerate() {
            let around = &part[..depth];
            let key = (around.to_vec(), role, visit.scope);
            if self.runs.visits.get(&key).is_none_or(|count| visit.number >= *count) {
                return false;
            }
            let alive = self.lines.iter().filter(|line| line.role == role && !matches!(line.status, Status::Gone));
            let is_there = |own: &&Visit| (own.scope, own.number) == (visit.scope, visit.number);
            let mut inside = alive.filter_map(|line| line.part.get(depth).filter(|_| line.part.starts_with(around)));
            match inside.find(is_there) {
                None => return true,
                Some(own) if own.block != visit.block => return own.block > visit.block,
                Some(_) => {}
            }
        }
        false
    }

    fn participants(&self, scope: NodeId) -> impl Iterator<Item = Role> {
        let takes_part = move |kind: &Kind| matches!(kind, Kind::Scope(own) if own.site.node == scope);
        let machines = self.setup.machines.iter();
        machines.filter(move |one| one.states.iter().any(|state| takes_part(&state.kind))).map(|one| one.role)
    }

    fn timed(&self, scope: NodeId) -> (Role, impl Fn(Outcome) -> bool + use<'p>) {
        let NodeKind::Timed { owner, outcomes, .. } = &self.setup.graph.node(scope).kind else {
            panic!("bug: a scope")
        };
        (*owner, |outcome: Outcome| outcomes.iter().any(|own| own.name == outcome.text()))
    }

    /// Whether somebody has still to learn the outcome of a run.
    pub(super) fn has_news(&self) -> bool {
        let unaware = |run: &Part| {
            let scope = run.last().expect("a run is of a scope").scope;
            self.participants(scope).any(|role| !self.has_left(role, run))
        };
        self.runs.decided.keys().any(unaware)
    }

    /// Whether the owner of a scope may go into the next run of it: not before others have left earlier ones.
    fn has_room(&self, owner: Role, part: &Part, scope: NodeId) -> bool {
        let count = self.runs.visits.get(&(part.clone(), owner, scope)).copied().unwrap_or(0);
        let is_open = |number: &usize| {
            let behind = Visit { scope, number: *number, block: usize::MAX };
            let run: Part = part.iter().copied().chain([behind]).collect();
            self.participants(scope).any(|role| !self.has_left(role, &run))
        };
        // Who left a run has left those before it.
        (0..count).rev().take_while(is_open).count() < self.setup.capacity
    }

    // ---- in and out

    pub(super) fn scope(&mut self, who: usize, scope: &'p Scope) -> Evaluated<Turn> {
        let Line { role, state, .. } = self.lines[who];
        if let Some(entered) = self.lines[who].entered.last().filter(|entered| entered.state == state) {
            // The body was done, and there is no block for that.
            let brought = entered.brought.clone();
            return Ok(self.leave(who, scope, &brought));
        }
        let node = scope.site.node;
        let (owner, can_end) = self.timed(node);
        let mut deadline = None;
        if role == owner && can_end(Outcome::Timeout) {
            let NodeKind::Timed { deadline: Some(time), .. } = self.setup.graph.node(node).kind else {
                panic!("bug: only pure types do not say when")
            };
            let Value::Duration(time) = self.here(who, &scope.site).value(time)? else { panic!("bug: a duration") };
            deadline = Some(self.now.saturating_add(u64::try_from(time).unwrap_or(0)));
        }
        let Line { slots, part, .. } = &self.lines[who];
        self.cells.extend(scope.cells.iter().map(|(cell, slot)| ((role, *cell), slots[*slot as usize].clone())));
        let (slots, mut part) = (slots.clone(), part.clone());
        if part.len() > MAX_DEPTH {
            return Err(Fault::LimitExceeded { what: "nesting of scopes", value: 0, max: 0 }.into());
        }
        if role == owner && !self.has_room(owner, &part, node) {
            return Ok(Turn::Wait(Status::Entering));
        }
        let count = self.runs.visits.entry((part.clone(), role, node)).or_default();
        let visit = Visit { scope: node, number: *count, block: 0 };
        *count += 1;
        part.push(visit);
        self.runs.deadlines.extend(deadline.map(|when| (when, part.clone())));
        let is_over = self.runs.decided.get(&part).is_some_and(|(outcome, _)| *outcome != Outcome::Done);
        let line = &mut self.lines[who];
        line.called = line.called.or(is_over.then_some(part.len() - 1));
        line.part = part;
        line.entered.push(Entered { state, slots, brought: Vec::new() });
        self.note_scope(role, "ScopeEntered", node, &format!("run={}", visit.number));
        Ok(self.go(who, &scope.body, &[], &[]))
    }

    /// The end of the body: its owner decides, the others wait for it.
    pub(super) fn exit(&mut self, who: usize) -> Turn {
        let Line { role, called, ref part, .. } = self.lines[who];
        let run = part.clone();
        let (owner, _) = self.timed(run[run.len() - 1].scope);
        if called.is_none() && !self.runs.decided.contains_key(&run) {
            if role != owner {
                return Turn::Wait(Status::Awaiting);
            }
            self.decide(&run, Outcome::Done, None);
        } else {
            self.lines[who].called = called.or(Some(run.len() - 1));
            self.depart(who);
        }
        Turn::On
    }

    /// The owner decides how a run ends, and tells those who are in its body. Who waits, or has waited for this, leaves at once; who
    /// does not leaves before its next communication.
    pub(super) fn decide(&mut self, run: &Part, outcome: Outcome, failure: Option<FailureKind>) {
        self.runs.deadlines.retain(|(_, other)| other != run);
        self.runs.decided.insert(run.clone(), (outcome, failure));
        let depth = run.len() - 1;
        let (owner, _) = self.timed(run[depth].scope);
        let went_in = |line: &Line| line.part.starts_with(run) && line.part.len() - line.entered.len() <= depth;
        let all = (0..self.lines.len()).filter(|who| !matches!(self.lines[*who].status, Status::Gone));
        let mut members: Vec<usize> = all.filter(|who| went_in(&self.lines[*who])).collect();
        members.sort_by_key(|who| (self.lines[*who].role != owner, self.lines[*who].role));
        for who in members {
            let line = &mut self.lines[who];
            let leaves = match (outcome, &line.status) {
                _ if line.role == owner => true,
                (Outcome::Done, Status::Awaiting) => line.part == *run,
                (Outcome::Done, _) | (_, Status::Ready) => false,
                (_, _) => true,
            };
            if leaves || outcome != Outcome::Done {
                line.called = Some(line.called.map_or(depth, |outer| outer.min(depth)));
            }
            if leaves {
                self.depart(who);
            }
        }
    }

    /// A line leaves the body of the run that it is called out of, and goes on with the block of the outcome. What it did
    /// inside is over.
    pub(super) fn depart(&mut self, who: usize) {
        let Line { role, ref mut part, ref mut entered, ref mut called, .. } = self.lines[who];
        let depth = called.take().expect("it is called");
        let home = part.len() - entered.len();
        part.truncate(depth + 1);
        entered.truncate(depth + 1 - home);
        let (run, scope) = (part.clone(), part[depth].scope);
        let Entered { state, slots, brought } = entered[depth - home].clone();
        let (outcome, failure) = self.runs.decided[&run];
        part[depth].block = 1 + outcome as usize;
        let word = failure.map_or(String::new(), |kind| format!(" failure={}", kind.text()));
        self.note_scope(role, "ScopeOutcome", scope, &format!("outcome={}{word}", outcome.text()));
        self.cancel(who);
        self.abandon(who);
        let mut deadlines = std::mem::take(&mut self.runs.deadlines);
        let is_own = |inner: &Part| inner.len() > depth + 1 && self.timed(inner[inner.len() - 1].scope).0 == role;
        deadlines.retain(|(_, inner)| !(inner.starts_with(&run) && is_own(inner)));
        self.runs.deadlines = deadlines;
        let line = &mut self.lines[who];
        (line.state, line.slots) = (state, slots);
        line.answers.clear();
        line.brought = None;
        let Kind::Scope(scope) = &self.state(who).kind else { panic!("bug: it went into a scope") };
        if let Some((_, step)) = scope.outcomes.iter().find(|(name, _)| name == outcome.text()) {
            self.go(who, step, &[Value::text(failure.map_or("", FailureKind::text))], &brought);
        }
        self.wake(who);
        self.look_through(role);
    }

    /// The end of the block of an outcome.
    pub(super) fn leave(&mut self, who: usize, scope: &'p Scope, brought: &[Value]) -> Turn {
        let line = &mut self.lines[who];
        line.part.pop();
        line.slots = line.entered.pop().expect("it went into a scope").slots;
        let (role, part, owner) = (line.role, line.part.clone(), scope.owner);
        if self.has_room(owner, &part, scope.site.node) {
            let waits =
                |line: &Line| matches!(line.status, Status::Entering) && line.role == owner && line.part == part;
            let waiting: Vec<usize> = (0..self.lines.len()).filter(|who| waits(&self.lines[*who])).collect();
            waiting.into_iter().for_each(|who| self.wake(who));
        }
        self.look_through(role);
        self.go(who, &scope.then, &[], brought)
    }

    /// A role is elsewhere now: some messages to it are for nobody.
    fn look_through(&mut self, to: Role) {
        (0..).take(self.setup.machines.len()).for_each(|from| self.changed((from, to)));
    }

    /// Ends all that a line started, and what they started.
    fn abandon(&mut self, who: usize) {
        let mut family = vec![who];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            let is_child = |line: &Line| line.parent == Some(parent) && !matches!(line.status, Status::Gone);
            family.extend((0..self.lines.len()).filter(|other| is_child(&self.lines[*other])));
            next += 1;
        }
        family[1..].iter().for_each(|child| self.cancel(*child));
        self.end_lines(&family[1..]);
        self.lines[who].children = 0;
    }

    /// Calls off what a line waits to be answered.
    fn cancel(&mut self, who: usize) {
        if let Status::Sleeping(_, number, request) = &self.lines[who].status {
            let (role, words) = (self.lines[who].role, request.words(*number));
            self.note(Some(role), &format!("CancellationRequested {words}"));
            self.note(Some(role), &format!("Cancelled {words}"));
        }
    }

    // ---- how a run ends

    /// An operation of a line failed: whether that ends a scope of its role, or it has to leave one anyway.
    pub(super) fn fails(&mut self, who: usize, kind: FailureKind) -> bool {
        let Line { role, called, ref part, .. } = self.lines[who];
        if called.is_some() {
            self.depart(who);
            return true;
        }
        let part = part.clone();
        let decides = |depth: &usize| {
            let (owner, can_end) = self.timed(part[*depth].scope);
            let is_open = part[*depth].block == 0 && !self.runs.decided.contains_key(&part[..=*depth]);
            is_open && owner == role && can_end(Outcome::Fail)
        };
        let Some(depth) = (0..part.len()).rev().find(decides) else { return false };
        self.decide(&part[..=depth].to_vec(), Outcome::Fail, Some(kind));
        true
    }

    /// The deadline of a run has passed.
    pub(super) fn time_out(&mut self, run: &Part) {
        let scope = run[run.len() - 1].scope;
        self.note_scope(self.timed(scope).0, "TimeoutIssued", scope, "");
        self.decide(run, Outcome::Timeout, None);
    }

    fn note_scope(&mut self, role: Role, what: &str, scope: NodeId, words: &str) {
        let known = &mut self.runs.known;
        let number = known.iter().position(|other| *other == scope).unwrap_or_else(|| {
            known.push(scope);
            known.len() - 1
        });
        self.note(Some(role), format!("{what} scope={number} {words}").trim_end());
    }
}
