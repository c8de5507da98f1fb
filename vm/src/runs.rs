//! Runs of scopes (LANGUAGE §4): which ones there are, and where each role is, seen from them.
//!
//! A run is a part of the run around it, a scope, and how often a role came there before. Its *parts* are the body and
//! the blocks of its outcomes; a coroutine is in one part, a message was sent in one. A run is forgotten when every
//! participant has left it and no message or run refers to it, so a loop of scopes takes no more memory than one.
//! Nothing here moves a coroutine; that is the kernel's.

use crate::lazy::{Empty, Lazy};
use crate::value::node::saturated;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use tell_ir::image::{Outcome, Scope};

/// Parts of one run: its body and one block per outcome.
const PARTS: u32 = 8;

/// A run that is not forgotten: its place among the runs of its session, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId(NonZeroU32);

impl RunId {
    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// Its place, from 1.
    pub(crate) const fn number(self) -> u32 {
        self.0.get()
    }
}

/// A part of a run, or the whole session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part(u32);

impl Part {
    /// Outside of all scopes.
    pub(crate) const SESSION: Self = Self(0);

    /// The body of a run.
    pub(crate) const fn body(run: RunId) -> Self {
        Self(run.0.get() * PARTS)
    }

    /// The block of an outcome.
    pub(crate) const fn block(run: RunId, outcome: Outcome) -> Self {
        Self(Self::body(run).0 + 1 + outcome as u32)
    }

    /// The run it is a part of.
    pub(crate) const fn run(self) -> Option<RunId> {
        match NonZeroU32::new(self.0 / PARTS) {
            Some(run) => Some(RunId(run)),
            None => None,
        }
    }

    /// Its number, by which parts differ.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn is_body(self) -> bool {
        self.0.is_multiple_of(PARTS) && self.0 > 0
    }
}

/// Where a role is, seen from a run or from a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It can still come there.
    Before,
    /// In this part; seen from a part, in that one.
    Inside(Part),
    /// It has left it for ever.
    After,
}

/// A participant of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) role: u16,
    pub(crate) place: Place,
    /// The coroutine that went in.
    pub(crate) who: u16,
    /// The scope table it went in with.
    pub(crate) table: u32,
}

/// One run of a scope.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Where it is.
    pub(crate) parent: Part,
    /// Index of the scope in the image.
    pub(crate) scope: u32,
    /// How many runs of the scope there were before in the same place.
    pub(crate) number: u64,
    /// Runs around it.
    pub(crate) depth: u32,
    /// How it ended, and the word for it if an effect failed.
    pub(crate) outcome: Option<(Outcome, Option<&'static str>)>,
    owner: u16,
    members: Box<[Member]>,
    /// Its time, and how many were set before.
    deadline: Option<(u64, u64)>,
    /// Participants that have not left it.
    open: u32,
    /// Messages sent in it and runs inside it.
    held: u32,
}

impl Run {
    /// The participants that have not left it.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.place != Place::After)
    }

    /// The participant of a role.
    pub(crate) fn member(&self, role: u16) -> Option<&Member> {
        let at = self.members.binary_search_by_key(&role, |member| member.role).ok()?;
        self.members.get(at)
    }

    /// Appends its bytes, which follow its key.
    fn write(&self, out: &mut Vec<u8>) {
        let Self { parent: _, scope: _, number: _, depth, outcome, owner, members, deadline, open, held } = self;
        out.extend_from_slice(&owner.to_le_bytes());
        let (outcome, word) = outcome.map_or((u8::MAX, ""), |(outcome, word)| (outcome as u8, word.unwrap_or("")));
        out.push(outcome);
        for number in [*depth, *open, *held, saturated(word.len()), saturated(members.len())] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(word.as_bytes());
        for Member { role, place, who, table } in members {
            let place = match place {
                Place::Before => 0,
                Place::After => 1,
                // No part inside a run has a smaller number.
                Place::Inside(part) => part.0,
            };
            out.extend_from_slice(&role.to_le_bytes());
            out.extend_from_slice(&who.to_le_bytes());
            out.extend_from_slice(&place.to_le_bytes());
            out.extend_from_slice(&table.to_le_bytes());
        }
        out.push(u8::from(deadline.is_some()));
        let (when, order) = deadline.unwrap_or((0, 0));
        out.extend_from_slice(&when.to_le_bytes());
        out.extend_from_slice(&order.to_le_bytes());
    }

    fn member_mut(&mut self, role: u16) -> Option<&mut Member> {
        let at = self.members.binary_search_by_key(&role, |member| member.role).ok()?;
        self.members.get_mut(at)
    }
}

/// All runs of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    free: Vec<RunId>,
    known: BTreeMap<(Part, u32, u64), RunId>,
    /// How often a role came to a scope in a part it is in.
    entered: BTreeMap<(Part, u16, u32), u64>,
    /// Those of one time pass in the order in which they were set.
    deadlines: BTreeSet<(u64, u64, RunId)>,
    /// Deadlines set so far.
    set: u64,
}

impl Empty for Runs {
    const EMPTY: &'static Self = &Self {
        runs: Vec::new(),
        free: Vec::new(),
        known: BTreeMap::new(),
        entered: BTreeMap::new(),
        deadlines: BTreeSet::new(),
        set: 0,
    };
}

impl Lazy<Runs> {
    /// A message was sent in a part.
    #[inline]
    pub(crate) fn hold(&mut self, part: Part) {
        if let Some(runs) = self.made() {
            runs.hold(part);
        }
    }

    /// It is gone.
    #[inline]
    pub(crate) fn release(&mut self, part: Part) {
        if let Some(runs) = self.made() {
            runs.release(part);
        }
    }
}

impl Runs {
    pub(crate) fn get(&self, run: RunId) -> &Run {
        &self.runs[run.index()]
    }

    fn get_mut(&mut self, run: RunId) -> &mut Run {
        &mut self.runs[run.index()]
    }

    /// Runs that are not forgotten.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Appends their bytes to those of a session's state.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&saturated(self.known.len()).to_le_bytes());
        for ((part, scope, number), run) in &self.known {
            out.extend_from_slice(&part.0.to_le_bytes());
            out.extend_from_slice(&scope.to_le_bytes());
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(&run.number().to_le_bytes());
            self.get(*run).write(out);
        }
        out.extend_from_slice(&saturated(self.entered.len()).to_le_bytes());
        for ((part, role, scope), count) in &self.entered {
            out.extend_from_slice(&part.0.to_le_bytes());
            out.extend_from_slice(&role.to_le_bytes());
            out.extend_from_slice(&scope.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
    }

    /// Whether somebody has still to learn a decided outcome.
    pub(crate) fn has_news(&self) -> bool {
        self.known.values().any(|run| {
            let run = self.get(*run);
            let unaware = |member: &Member| match member.place {
                Place::Before => true,
                Place::Inside(part) => part.is_body(),
                Place::After => false,
            };
            run.outcome.is_some() && run.present().any(unaware)
        })
    }

    /// Where a role is, seen from a part.
    pub(crate) fn place(&self, role: u16, part: Part) -> Place {
        let Some(run) = part.run() else { return Place::Inside(part) };
        // Who has not come to a run around it, or left that, has the same place in all runs inside.
        match self.get(run).member(role).map_or(Place::Before, |member| member.place) {
            Place::Inside(own) if own < part => Place::Before,
            Place::Inside(own) if own > part => Place::After,
            place => place,
        }
    }

    /// Whether a role has left a part for ever.
    pub(crate) fn has_left(&self, role: u16, part: Part) -> bool {
        self.place(role, part) == Place::After
    }

    /// Runs of a scope in a part that a role went into and some participant has not left.
    pub(crate) fn open_runs(&self, role: u16, part: Part, scope: u32) -> usize {
        let count = self.entered.get(&(part, role, scope)).copied().unwrap_or(0);
        let runs = self.known.range((part, scope, 0)..(part, scope, count));
        runs.filter(|(_, run)| self.get(**run).open > 0).count()
    }

    /// A role goes into its next run of a scope; `None` if it is no participant or has already left that run.
    pub(crate) fn enter(
        &mut self,
        part: Part,
        (number, scope): (u32, &Scope),
        (role, who, table): (u16, u16, u32),
    ) -> Option<RunId> {
        let count = self.entered.get(&(part, role, number)).copied().unwrap_or(0);
        let run = match self.known.get(&(part, number, count)) {
            Some(run) => *run,
            None => self.create((part, number, count), scope),
        };
        let member = self.get_mut(run).member_mut(role)?;
        if member.place != Place::Before {
            return None;
        }
        *member = Member { role, place: Place::Inside(Part::body(run)), who, table };
        self.entered.insert((part, role, number), count + 1);
        Some(run)
    }

    fn create(&mut self, key: (Part, u32, u64), scope: &Scope) -> RunId {
        let (parent, number) = (key.0, key.2);
        let depth = parent.run().map_or(0, |run| self.get(run).depth + 1);
        let member = |&role: &u16| {
            let place = if self.has_left(role, parent) { Place::After } else { Place::Before };
            Member { role, place, who: 0, table: 0 }
        };
        let members: Box<[Member]> = scope.participants.iter().map(member).collect();
        let open = members.iter().map(|member| u32::from(member.place != Place::After)).sum();
        let owner = scope.owner;
        let fresh =
            Run { parent, scope: key.1, number, depth, outcome: None, owner, members, deadline: None, open, held: 0 };
        let run = match self.free.pop() {
            Some(run) => {
                self.runs[run.index()] = fresh;
                run
            }
            None => {
                self.runs.push(fresh);
                RunId(u32::try_from(self.runs.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX))
            }
        };
        self.known.insert(key, run);
        self.hold(parent);
        run
    }

    /// Starts the deadline of a run.
    pub(crate) fn set_deadline(&mut self, run: RunId, when: u64) {
        let order = self.set;
        self.set += 1;
        self.get_mut(run).deadline = Some((when, order));
        self.deadlines.insert((when, order, run));
    }

    /// The next deadline.
    pub(crate) fn deadline(&self) -> Option<(u64, RunId)> {
        self.deadlines.first().map(|(when, _, run)| (*when, *run))
    }

    fn drop_deadline(&mut self, run: RunId) {
        if let Some((when, order)) = self.get_mut(run).deadline.take() {
            self.deadlines.remove(&(when, order, run));
        }
    }

    /// The outcome of a run, once.
    pub(crate) fn decide(&mut self, run: RunId, outcome: Outcome, failure: Option<&'static str>) {
        self.drop_deadline(run);
        self.get_mut(run).outcome.get_or_insert((outcome, failure));
    }

    /// A role that knows the outcome goes from the body into the block of it.
    pub(crate) fn learn(&mut self, role: u16, run: RunId, outcome: Outcome) {
        self.abandon(role, Part::body(run));
        if let Some(member) = self.get_mut(run).member_mut(role) {
            member.place = Place::Inside(Part::block(run, outcome));
        }
    }

    /// A role comes to the end of the block of an outcome. Returns where it is then.
    pub(crate) fn leave(&mut self, role: u16, part: Part) -> Part {
        let Some(run) = part.run() else { return part };
        let parent = self.get(run).parent;
        self.abandon(role, part);
        self.close(role, run);
        parent
    }

    /// A role leaves a part: nothing inside it concerns the role any more.
    fn abandon(&mut self, role: u16, part: Part) {
        let mut parts = vec![part];
        let mut left = Vec::new();
        while let Some(part) = parts.pop() {
            let counts = self.entered.range((part, role, 0)..=(part, role, u32::MAX));
            let counts: Vec<_> = counts.map(|(key, _)| *key).collect();
            for key in counts {
                self.entered.remove(&key);
            }
            for run in self.known.range((part, 0, 0)..=(part, u32::MAX, u64::MAX)).map(|(_, run)| *run) {
                if self.get(run).member(role).is_some_and(|member| member.place != Place::After) {
                    left.push(run);
                    parts.extend((0..PARTS).map(|index| Part(Part::body(run).0 + index)));
                }
            }
        }
        // Inner runs first: they hold those around them.
        for run in left.into_iter().rev() {
            self.close(role, run);
        }
    }

    /// A role leaves a run.
    fn close(&mut self, role: u16, run: RunId) {
        let entry = self.get_mut(run);
        let owner = entry.owner;
        let Some(member) = entry.member_mut(role) else { return };
        if std::mem::replace(&mut member.place, Place::After) != Place::After {
            entry.open -= 1;
        }
        if role == owner {
            self.drop_deadline(run);
        }
        self.forget(run);
    }

    /// A message was sent, or a run made, in a part.
    #[inline]
    fn hold(&mut self, part: Part) {
        if let Some(run) = part.run() {
            self.get_mut(run).held += 1;
        }
    }

    /// It is gone.
    #[inline]
    fn release(&mut self, part: Part) {
        if let Some(run) = part.run() {
            let entry = self.get_mut(run);
            entry.held = entry.held.saturating_sub(1);
            self.forget(run);
        }
    }

    /// Forgets a run, and those around it, that nobody can refer to.
    #[inline(never)]
    fn forget(&mut self, mut run: RunId) {
        while self.get(run).open == 0 && self.get(run).held == 0 {
            let Run { parent, scope, number, .. } = *self.get(run);
            if self.known.remove(&(parent, scope, number)).is_none() {
                return;
            }
            self.drop_deadline(run);
            self.free.push(run);
            let Some(around) = parent.run() else { return };
            let entry = self.get_mut(around);
            entry.held = entry.held.saturating_sub(1);
            run = around;
        }
    }
}
