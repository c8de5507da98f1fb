//! Local types without names, each kept once: two types are equal up to bound names and the order of their branches
//! exactly if their [`TermId`]s are.
//!
//! A variable counts the binders between it and its own (de Bruijn, *Lambda calculus notation with nameless dummies*,
//! 1972). Branches are printed in the order in which a type was made first.

use super::{MAX_WORK, Refusal};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_ir::global::GlobalType;
use tell_ir::sort::Label;

/// A local type, index into the table of [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TermId(pub u32);

/// A label, index into the table of [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LabelId(pub u32);

/// Label and continuation.
pub(super) type Rows = Box<[(LabelId, TermId)]>;

/// Name and block.
pub(super) type Named<'g> = Box<[(&'g str, TermId)]>;

/// The head of a local type; see [`tell_ir::local::LocalNode`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term<'g> {
    End,
    Var(u32),
    Rec(TermId),
    Send(u32, Rows),
    Recv(u32, Rows),
    Case(Named<'g>),
    Par(Box<[TermId]>, TermId),
    Timed { owner: u32, body: TermId, outcomes: Named<'g>, then: TermId },
}

/// Where a part of a type stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// It goes on the type.
    After,
    /// It goes on the type, below a binder.
    Below,
    /// It is inside a `par` or a scope; the type goes on elsewhere.
    Inside,
}

impl Term<'_> {
    /// Changes or looks at the parts, in text order.
    pub(super) fn each_part(&mut self, mut change: impl FnMut(&mut TermId, Place)) {
        match self {
            Term::End | Term::Var(_) => {}
            Term::Rec(body) => change(body, Place::Below),
            Term::Send(_, rows) | Term::Recv(_, rows) => {
                rows.iter_mut().for_each(|(_, then)| change(then, Place::After));
            }
            Term::Case(arms) => arms.iter_mut().for_each(|(_, then)| change(then, Place::After)),
            Term::Par(branches, then) => {
                branches.iter_mut().for_each(|branch| change(branch, Place::Inside));
                change(then, Place::After);
            }
            Term::Timed { body, outcomes, then, .. } => {
                change(body, Place::Inside);
                outcomes.iter_mut().for_each(|(_, block)| change(block, Place::Inside));
                change(then, Place::After);
            }
        }
    }

    pub(super) fn parts(&self) -> Vec<(TermId, Place)> {
        let mut parts = Vec::new();
        self.clone().each_part(|part, place| parts.push((*part, place)));
        parts
    }

    /// Puts the branches in the order that does not depend on the text.
    fn sort(&mut self) {
        match self {
            Term::Send(_, rows) | Term::Recv(_, rows) => rows.sort_unstable(),
            Term::Case(rows) | Term::Timed { outcomes: rows, .. } => rows.sort_unstable(),
            Term::End | Term::Var(_) | Term::Rec(_) | Term::Par(..) => {}
        }
    }
}

/// What comes in the place of a part with so many binders around it, if it need not be looked into.
type Replace<'r, 'g> = &'r dyn Fn(&mut Terms<'g>, TermId, u32) -> Result<Option<TermId>, Refusal>;

/// The table.
pub(super) struct Terms<'g> {
    global: &'g GlobalType,
    labels: IndexSet<Label, FxBuildHasher>,
    /// The types, their branches sorted.
    terms: IndexSet<Term<'g>, FxBuildHasher>,
    /// Types whose branches are printed in another order.
    shown: FxHashMap<TermId, Term<'g>>,
    /// Of each type, how many binders around it its variables need.
    free: Vec<u32>,
    work: u64,
}

impl<'g> Terms<'g> {
    pub(super) fn new(global: &'g GlobalType) -> Self {
        let mut terms = Self {
            global,
            labels: IndexSet::default(),
            terms: IndexSet::default(),
            shown: FxHashMap::default(),
            free: Vec::new(),
            work: 0,
        };
        terms.add(Term::End);
        terms
    }

    pub(super) const fn end(&self) -> TermId {
        TermId(0)
    }

    /// The name of a role.
    pub(super) fn role(&self, role: u32) -> &'g str {
        self.global.roles.get(role as usize).map_or("?", String::as_str)
    }

    pub(super) fn label(&mut self, label: &Label) -> LabelId {
        let at = self.labels.get_index_of(label).unwrap_or_else(|| self.labels.insert_full(label.clone()).0);
        LabelId(u32::try_from(at).expect("fewer labels than 2^32"))
    }

    pub(super) fn label_of(&self, id: LabelId) -> &Label {
        &self.labels[id.0 as usize]
    }

    /// The type of that head, with its branches in the order they were first seen in.
    pub(super) fn get(&self, id: TermId) -> &Term<'g> {
        self.shown.get(&id).unwrap_or(&self.terms[id.0 as usize])
    }

    /// The type of that head, with its branches in an order that does not depend on where it was first seen.
    pub(super) fn sorted(&self, id: TermId) -> &Term<'g> {
        &self.terms[id.0 as usize]
    }

    pub(super) fn add(&mut self, term: Term<'g>) -> TermId {
        let mut sorted = term.clone();
        sorted.sort();
        let is_other = sorted != term;
        let (at, is_new) = self.terms.insert_full(sorted);
        let id = TermId(u32::try_from(at).expect("fewer types than steps"));
        if is_new {
            self.free.push(self.free_of(&term));
            if is_other {
                self.shown.insert(id, term);
            }
        }
        id
    }

    fn free_of(&self, term: &Term<'g>) -> u32 {
        if let Term::Var(binder) = term {
            return binder.saturating_add(1);
        }
        let free = |(part, place): (TermId, Place)| self.free(part).saturating_sub(u32::from(place == Place::Below));
        term.parts().into_iter().map(free).max().unwrap_or(0)
    }

    /// How many binders around it the variables of a type need.
    pub(super) fn free(&self, id: TermId) -> u32 {
        self.free[id.0 as usize]
    }

    /// Counts steps.
    pub(super) const fn charge(&mut self, steps: usize) -> Result<(), Refusal> {
        self.work += steps as u64;
        if self.work > MAX_WORK { Err(Refusal::TooLarge) } else { Ok(()) }
    }

    /// `μX.T`; the binder is dropped if `X` is not free in `T`, and `μX.X` is `end`.
    pub(super) fn rec(&mut self, body: TermId) -> Result<TermId, Refusal> {
        if *self.get(body) == Term::Var(0) {
            Ok(self.end())
        } else if self.binds(body)? {
            Ok(self.add(Term::Rec(body)))
        } else {
            self.moved(body, &|binder| binder - 1)
        }
    }

    /// Whether the innermost binder around a type is referred to in it.
    fn binds(&mut self, body: TermId) -> Result<bool, Refusal> {
        let mut seen = FxHashSet::default();
        let mut stack = vec![(body, 0)];
        while let Some((id, depth)) = stack.pop() {
            if *self.get(id) == Term::Var(depth) {
                return Ok(true);
            }
            if self.free(id) > depth && seen.insert((id, depth)) {
                let parts = self.get(id).parts();
                self.charge(parts.len())?;
                stack.extend(parts.into_iter().rev().map(|(part, place)| (part, below(depth, place))));
            }
        }
        Ok(false)
    }

    /// The type with other numbers for its free variables, as there are more or fewer binders around it.
    fn moved(&mut self, id: TermId, change: &dyn Fn(u32) -> u32) -> Result<TermId, Refusal> {
        self.rewritten(id, &|_| true, &|terms, id, depth| match terms.get(id) {
            _ if terms.free(id) <= depth => Ok(Some(id)),
            Term::Var(binder) => {
                let free = change(binder - depth);
                Ok(Some(terms.add(Term::Var(free + depth))))
            }
            _ => Ok(None),
        })
    }

    /// A type and then another: the ends of the first become the second, out of reach of the binders of the first.
    pub(super) fn followed_by(&mut self, id: TermId, then: TermId) -> Result<TermId, Refusal> {
        if then == self.end() {
            return Ok(id);
        }
        self.rewritten(id, &|place| place != Place::Inside, &|terms, id, depth| match terms.get(id) {
            Term::End => terms.moved(then, &|binder| binder + depth).map(Some),
            Term::Var(_) => Ok(Some(id)),
            _ => Ok(None),
        })
    }

    /// A type with parts replaced: `replace` gets a part and the binders around it, and gives what comes in its place
    /// if it need not be looked into. Only parts at places that are `visited` change.
    fn rewritten(
        &mut self,
        root: TermId,
        visited: &dyn Fn(Place) -> bool,
        replace: Replace<'_, 'g>,
    ) -> Result<TermId, Refusal> {
        let mut done: FxHashMap<(TermId, u32), TermId> = FxHashMap::default();
        let mut stack = vec![(root, 0, false)];
        while let Some((id, depth, are_parts_done)) = stack.pop() {
            if done.contains_key(&(id, depth)) {
                continue;
            }
            if are_parts_done {
                let mut term = self.get(id).clone();
                term.each_part(|part, place| {
                    if visited(place) {
                        *part = done[&(*part, below(depth, place))];
                    }
                });
                done.insert((id, depth), self.add(term));
            } else if let Some(other) = replace(self, id, depth)? {
                done.insert((id, depth), other);
            } else {
                let parts = self.get(id).parts();
                self.charge(parts.len() + 1)?;
                stack.push((id, depth, true));
                let parts = parts.into_iter().filter(|(_, place)| visited(*place));
                stack.extend(parts.map(|(part, place)| (part, below(depth, place), false)));
            }
        }
        Ok(done[&(root, 0)])
    }
}

/// The binders around a part of a type with `depth` binders around it.
pub(super) fn below(depth: u32, place: Place) -> u32 {
    depth + u32::from(place == Place::Below)
}
