//! Scopes with outcomes (LANGUAGE §4): who is where in them, how they end, and how their participants leave.

use super::{Line, Session, Status, Turn};
use crate::evaluate::Evaluated;
use std::collections::{BTreeMap, BTreeSet};
use tell_compiler::graph::{NodeId, NodeKind, Role};
use tell_compiler::project::machine::{Kind, Scope, State};
use tell_ir::image::Outcome;
use tell_vm::{FailureKind, Value};

/// A place in a run of a scope: how many runs of it there were before in the same place, and the block: 0 is the body,
/// and behind it come those of the outcomes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Visit {
    scope: NodeId,
    owner: Role,
    can_fail: bool,
    number: usize,
    block: usize,
}

fn visit(scope: &Scope, number: usize) -> Visit {
    let can_fail = can_end(scope, Outcome::Fail);
    Visit { scope: scope.site.node, owner: scope.owner, can_fail, number, block: 0 }
}

fn can_end(scope: &Scope, outcome: Outcome) -> bool {
    scope.outcomes.iter().any(|(name, _)| name == outcome.text())
}

/// A place in the choreography, seen from its scopes, the outermost first. A *run* is the part that is its body.
pub(super) type Part = Vec<Visit>;

/// A scope that a line went into: its state and slots then, what the body brought to its end, and the deadline it keeps
/// for that run, with what says which of those of one time was set first.
#[derive(Clone)]
pub(super) struct Entered {
    state: u32,
    slots: Vec<Value>,
    brought: BTreeMap<u32, Value>,
    deadline: Option<(u64, usize, Part)>,
}

impl<'p> Session<'p> {
    // ---- who is where

    /// Whether a role has left a part for ever: one of its runs, or a block of one.
    pub(super) fn has_left(&self, role: Role, part: &[Visit]) -> bool {
        for (depth, visit) in part.iter().enumerate() {
            let around = &part[..depth];
            let visits = self.visits.get(&(around.to_vec(), role, visit.scope)).copied().unwrap_or(0);
            if visit.number >= visits {
                return false;
            }
            let own = self.lines.values().filter(|line| line.role == role && line.part.starts_with(around));
            let mut inside = own.filter_map(|line| line.part.get(depth));
            match inside.find(|own| (own.scope, own.number) == (visit.scope, visit.number)) {
                None => return true,
                Some(own) if own.block != visit.block => return own.block > visit.block,
                Some(_) => {}
            }
        }
        false
    }

    /// Whether a participant of a run has not left that part of it.
    pub(super) fn is_open(&self, part: &[Visit]) -> bool {
        let scope = part[part.len() - 1].scope;
        let enters = |state: &State| matches!(&state.kind, Kind::Scope(own) if own.site.node == scope);
        let mut participants = self.machines.iter().filter(|machine| machine.states.iter().any(enters));
        participants.any(|machine| !self.has_left(machine.role, part))
    }

    /// Whether a line may go into its next run of a scope. The owner may not while others are in too many earlier ones.
    pub(super) fn has_room(&self, line: &Line, scope: &Scope) -> bool {
        let visits = self.visits.get(&(line.part.clone(), line.role, scope.site.node)).copied().unwrap_or(0);
        // Who has left a run has left those before it.
        let behind = |number| [&line.part[..], &[Visit { block: usize::MAX, ..visit(scope, number) }]].concat();
        let open = (0..visits).rev().take_while(|number| self.is_open(&behind(*number)));
        scope.owner != line.role || open.count() < self.capacity
    }

    // ---- in

    pub(super) fn scope(&mut self, who: usize, scope: &'p Scope) -> Evaluated<Turn> {
        let line = &self.lines[&who];
        if let Some(entered) = line.entered.last().filter(|entered| entered.state == line.state) {
            // The body was done, and there is no block for that.
            let brought = entered.brought.clone();
            return Ok(self.leave(who, scope, &brought));
        }
        let (role, node) = (line.role, scope.site.node);
        let mut deadline = None;
        if let NodeKind::Timed { deadline: Some(time), .. } = self.graph.node(node).kind
            && role == scope.owner
            && can_end(scope, Outcome::Timeout)
            && let Value::Duration(time) = self.evaluation(who, &scope.site).value(time)?
        {
            deadline = Some(self.now.saturating_add(u64::try_from(time).unwrap_or(0)));
        }
        let Line { state, ref slots, ref part, .. } = self.lines[&who];
        let (slots, mut part) = (slots.clone(), part.clone());
        self.cells.extend(scope.cells.iter().map(|(cell, slot)| ((role, *cell), slots[*slot as usize].clone())));
        if !self.has_room(&self.lines[&who], scope) {
            return Ok(Some(Status::Entering));
        }
        let count = self.visits.entry((part.clone(), role, node)).or_default();
        let visit = visit(scope, *count);
        *count += 1;
        part.push(visit);
        let is_over = self.decided.get(&part).is_some_and(|(outcome, _)| *outcome != Outcome::Done);
        let deadline = deadline.map(|when| (when, self.trace.len(), part.clone()));
        let line = self.line(who);
        line.entered.push(Entered { state, slots, brought: BTreeMap::new(), deadline });
        line.called = line.called.or(is_over.then_some(part.len() - 1));
        line.part = part;
        self.note(Some(role), &format!("ScopeEntered scope={} run={}", node.0, visit.number));
        Ok(self.go(who, &scope.body, &[], super::NOTHING))
    }

    // ---- how it ends

    /// The end of the body: its owner decides, the others wait for that.
    pub(super) fn exit(&mut self, who: usize, brought: BTreeMap<u32, Value>) -> Turn {
        let line = self.line(who);
        line.entered.iter_mut().last().expect("it went into the scope").brought = brought;
        let Line { role, called, ref part, .. } = self.lines[&who];
        let run = part.clone();
        if called.is_some() || self.decided.contains_key(&run) {
            self.line(who).called = called.or(Some(run.len() - 1));
            self.depart(who);
        } else if role == run[run.len() - 1].owner {
            self.decide(&run, Outcome::Done, None);
        } else {
            return Some(Status::Awaiting);
        }
        None
    }

    /// An operation of a line failed: whether that ends a scope of its role, or it has to leave one anyway.
    pub(super) fn fails(&mut self, who: usize, kind: FailureKind) -> bool {
        let Line { role, called, ref part, .. } = self.lines[&who];
        if called.is_some() {
            self.depart(who);
            return true;
        }
        let decides = |run: &&[Visit]| {
            let Visit { owner, can_fail, block, .. } = run[run.len() - 1];
            owner == role && can_fail && block == 0 && !self.decided.contains_key(*run)
        };
        let found = (1..=part.len()).rev().map(|depth| &part[..depth]).find(decides).map(<[_]>::to_vec);
        found.iter().for_each(|run| self.decide(run, Outcome::Fail, Some(kind)));
        found.is_some()
    }

    pub(super) fn next_deadline(&self) -> Option<(u64, usize, Part)> {
        self.lines.values().flat_map(|line| &line.entered).filter_map(|entered| entered.deadline.clone()).min()
    }

    pub(super) fn time_out(&mut self, run: &Part) {
        let Visit { scope, owner, .. } = run[run.len() - 1];
        self.note(Some(owner), &format!("TimeoutIssued scope={}", scope.0));
        self.decide(run, Outcome::Timeout, None);
    }

    /// The owner says how a run ends. Of those in its body, the owner and who waits leave at once, the others before
    /// their next communication; if the body is done, when they come to its end.
    fn decide(&mut self, run: &Part, outcome: Outcome, failure: Option<FailureKind>) {
        self.decided.insert(run.clone(), (outcome, failure));
        let depth = run.len() - 1;
        let owner = run[depth].owner;
        let went_in = |line: &Line| line.part.starts_with(run) && line.part.len() - line.entered.len() <= depth;
        let members = self.lines.iter().filter(|(_, line)| went_in(line));
        let members = members.map(|(who, line)| (line.role != owner, line.role, *who));
        for (is_other, _, who) in members.collect::<BTreeSet<_>>() {
            let line = self.line(who);
            let waits = match outcome {
                Outcome::Done => matches!(line.status, Status::Awaiting) && line.part == *run,
                _ => !matches!(line.status, Status::Ready),
            };
            if waits || !is_other || outcome != Outcome::Done {
                line.called = Some(line.called.map_or(depth, |outer| outer.min(depth)));
            }
            if waits || !is_other {
                self.depart(who);
            }
        }
    }

    // ---- out

    /// A line leaves the body of the run that it is called out of, and goes on with the block of the outcome. What it
    /// did inside is over.
    pub(super) fn depart(&mut self, who: usize) {
        let line = self.line(who);
        let depth = line.called.take().expect("it is called");
        let own = depth + line.entered.len() - line.part.len();
        line.part.truncate(depth + 1);
        line.entered.truncate(own + 1);
        let (role, run) = (line.role, line.part.clone());
        let Visit { scope, owner, .. } = run[depth];
        let (outcome, failure) = self.decided[&run];
        let word = failure.map_or(String::new(), |kind| format!(" failure={}", kind.text()));
        if outcome == Outcome::Fail && owner == role {
            self.note(Some(role), "FailureBranchEntered");
        }
        self.note(Some(role), &format!("ScopeOutcome scope={} outcome={}{word}", scope.0, outcome.text()));
        self.cancel(who);
        self.abandon(who);
        let line = self.line(who);
        line.part[depth].block = 1 + outcome as usize;
        let entered = &mut line.entered[own];
        entered.deadline = None;
        let Entered { state, slots, brought, .. } = entered.clone();
        (line.state, line.slots, line.answers, line.brought) = (state, slots, Vec::new(), None);
        let Kind::Scope(scope) = &self.state(&self.lines[&who]).kind else { panic!("bug: it went into a scope") };
        if let Some((_, step)) = scope.outcomes.iter().find(|(name, _)| name == outcome.text()) {
            self.go(who, step, &[Value::text(failure.map_or("", FailureKind::text))], &brought);
        }
        self.wake(who);
        self.settle();
    }

    /// The end of the block of an outcome.
    pub(super) fn leave(&mut self, who: usize, scope: &'p Scope, brought: &BTreeMap<u32, Value>) -> Turn {
        let line = self.line(who);
        line.part.pop();
        line.slots = line.entered.pop().expect("it went into the scope").slots;
        let part = self.lines[&who].part.clone();
        let is_here = |line: &Line| line.part == part && self.has_room(line, scope);
        let is_it =
            |line: &Line| matches!(&self.state(line).kind, Kind::Scope(own) if own.site.node == scope.site.node);
        let enters = |line: &Line| matches!(line.status, Status::Entering) && is_it(line) && is_here(line);
        self.lines_that(enters).into_iter().for_each(|who| self.wake(who));
        self.settle();
        self.go(who, &scope.then, &[], brought)
    }

    /// Ends all branches of a line, and theirs.
    fn abandon(&mut self, who: usize) {
        let mut family = vec![who];
        let mut next = 0;
        while let Some(parent) = family.get(next) {
            family.extend(self.lines_that(|line| line.parent == Some(*parent)));
            next += 1;
        }
        family[1..].iter().for_each(|child| self.cancel(*child));
        self.end_lines(&family[1..]);
    }

    /// Calls off what a line waits to be answered.
    fn cancel(&mut self, who: usize) {
        if let Status::Sleeping(_, number, request) = &self.lines[&who].status {
            let (role, words) = (self.lines[&who].role, request.words(*number));
            self.note(Some(role), &format!("CancellationRequested {words}"));
            self.note(Some(role), &format!("Cancelled {words}"));
        }
    }
}
