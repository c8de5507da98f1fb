//! Places of one role: where it can be in its machine, data left out.

use crate::explore::code::{Act, Op};
use crate::graph::Role;
use rustc_hash::FxHashSet;

/// All places where a role can be, each waiting for something to be observed.
pub(super) type Places = Vec<Place>;

/// Most places of one role at a time.
const MAX_PLACES: usize = 10_000;

/// The lines of control of a role; what runs inside one follows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(Box<[Thread]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Thread {
    depth: u32,
    state: u32,
    phase: Phase,
}

/// How far a thread with others inside it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Before,
    /// In the branches of a `Par`, or the body of a scope.
    Inside,
    /// In the block of an outcome.
    Block,
}

impl Place {
    pub(super) fn start() -> Self {
        Self([Thread { depth: 0, state: 0, phase: Phase::Before }].into())
    }

    /// What its threads can do on their own.
    pub(super) fn acts<'o>(&'o self, ops: &'o [Op]) -> impl Iterator<Item = &'o Act> {
        self.0.iter().filter_map(|thread| match &ops[thread.state as usize] {
            Op::Act(act) => Some(act),
            _ => None,
        })
    }

    /// Whether nothing more need happen.
    pub(super) fn is_finished(&self, ops: &[Op]) -> bool {
        self.acts(ops).all(|act| act.may_end)
    }

    /// The place where a thread has gone to a state; what ran inside it is over.
    fn gone(&self, at: usize, state: u32) -> Self {
        self.with(at, Thread { state, phase: Phase::Before, ..self.0[at] }, &[])
    }

    /// The place where a thread is replaced and starts others inside it.
    fn with(&self, at: usize, thread: Thread, inside: &[u32]) -> Self {
        let depth = thread.depth + 1;
        let inside = inside.iter().map(|state| Thread { depth, state: *state, phase: Phase::Before });
        let rest = &self.0[self.end(at)..];
        Self(self.0[..at].iter().copied().chain([thread]).chain(inside).chain(rest.iter().copied()).collect())
    }

    /// Position behind everything that runs inside a thread.
    fn end(&self, at: usize) -> usize {
        let depth = self.0[at].depth;
        at + 1 + self.0[at + 1..].iter().take_while(|thread| thread.depth > depth).count()
    }

    /// Whether everything inside a thread has come to its end.
    fn is_over(&self, at: usize, ops: &[Op]) -> bool {
        self.0[at + 1..self.end(at)].iter().all(|thread| matches!(ops[thread.state as usize], Op::Join { .. }))
    }

    /// The places behind the silent steps of a thread, and whether it must take one of them.
    fn silent(&self, at: usize, ops: &[Op]) -> (Vec<Self>, bool) {
        let thread = self.0[at];
        let go = |state: u32| self.gone(at, state);
        match &ops[thread.state as usize] {
            Op::Act(act) => {
                let is_forced = act.sends.is_empty() && act.recvs.is_empty() && !act.may_end;
                (act.silents.iter().map(|step| go(step.target)).collect(), is_forced && !act.silents.is_empty())
            }
            Op::Case { arms, .. } => (arms.iter().map(|arm| go(arm.target)).collect(), true),
            Op::Par { branches, .. } if thread.phase == Phase::Before && !branches.is_empty() => {
                let states: Vec<u32> = branches.iter().map(|branch| branch.target).collect();
                (vec![self.with(at, Thread { phase: Phase::Inside, ..thread }, &states)], true)
            }
            Op::Par { then, .. } if self.is_over(at, ops) => (vec![go(then.target)], true),
            Op::Scope(scope) => {
                let is_over = self.is_over(at, ops);
                let part = |phase: Phase, state: u32| self.with(at, Thread { phase, ..thread }, &[state]);
                match thread.phase {
                    Phase::Before => (vec![part(Phase::Inside, scope.body.target)], true),
                    Phase::Inside => {
                        let outcomes = scope.outcomes.iter().enumerate();
                        let open = outcomes.filter(|(index, _)| is_over || Some(*index) != scope.done);
                        let mut next: Vec<Self> = open.map(|(_, step)| part(Phase::Block, step.target)).collect();
                        if is_over && scope.done.is_none() {
                            next.push(go(scope.then.target));
                        }
                        (next, is_over)
                    }
                    Phase::Block if is_over => (vec![go(scope.then.target)], true),
                    Phase::Block => (Vec::new(), false),
                }
            }
            Op::Par { .. } | Op::Join { .. } => (Vec::new(), false),
        }
    }
}

/// The places in which a role waits for something to be observed, by silent steps from these; `None` if they are too
/// many.
pub(super) fn settled(ops: &[Op], places: Vec<Place>) -> Option<Places> {
    if let [place] = places.as_slice()
        && (0..place.0.len()).all(|at| place.silent(at, ops).0.is_empty())
    {
        return Some(places);
    }
    let mut seen: FxHashSet<Place> = places.iter().cloned().collect();
    let mut todo = places;
    let mut settled = Vec::new();
    while let Some(place) = todo.pop() {
        let mut must_move = false;
        for at in 0..place.0.len() {
            let (next, is_forced) = place.silent(at, ops);
            must_move |= is_forced;
            todo.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
            if is_forced {
                // The others go on afterwards.
                break;
            }
        }
        if !must_move {
            settled.push(place);
        }
        if seen.len() > MAX_PLACES {
            return None;
        }
    }
    Some(settled)
}

/// The places directly behind a message of one of these labels, and the labels it can have.
pub(super) fn after(ops: &[Op], places: &Places, is_send: bool, peer: Role, labels: &[u32]) -> (Places, Vec<u32>) {
    let mut next: FxHashSet<Place> = FxHashSet::default();
    let mut behind: Places = Vec::new();
    let mut used: Vec<u32> = Vec::new();
    for place in places {
        for (at, thread) in place.0.iter().enumerate() {
            let Op::Act(act) = &ops[thread.state as usize] else { continue };
            let rows = if is_send { &act.sends } else { &act.recvs };
            for row in rows.iter().filter(|row| row.peer == peer && labels.contains(&row.label)) {
                let gone = place.gone(at, row.go.target);
                if next.insert(gone.clone()) {
                    behind.push(gone);
                }
                if !used.contains(&row.label) {
                    used.push(row.label);
                }
            }
        }
    }
    (behind, used)
}
