//! Local types without names, each kept once: two types are equal up to bound names and the order of their branches
//! exactly if their [`TermId`]s are.
//!
//! A variable counts the binders between it and its own (de Bruijn, *Lambda calculus notation with nameless dummies*,
//! 1972). Branches are printed in the order in which a type was made first.

use super::{MAX_WORK, Refusal, WORK_PER_NODE};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_ir::global::GlobalType;
use tell_ir::sort::{Label, Sort};

/// A local type, index into the table of [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TermId(pub u32);

/// A label or the name of an arm, index into the table of [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LabelId(u32);

/// What a part without a label has instead.
pub(super) const UNLABELLED: LabelId = LabelId(0);

/// A part of a type with its label.
pub(super) type Row = (LabelId, TermId);

/// What a local type starts with; see [`tell_ir::local::LocalNode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Head {
    End,
    Var(u32),
    /// One part.
    Rec,
    Send(u32),
    Recv(u32),
    Case,
    /// The branches, then what follows.
    Par,
    /// The body, the blocks of the outcomes, then what follows.
    Timed(u32),
}

/// A local type: its head and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    head: Head,
    rows: Box<[Row]>,
}

/// The table.
pub(super) struct Terms<'g> {
    global: &'g GlobalType,
    /// Name and, of messages, sort.
    labels: IndexSet<(&'g str, Option<&'g Sort>), FxBuildHasher>,
    /// The types, their branches sorted.
    terms: IndexSet<Term, FxBuildHasher>,
    /// The parts of types whose branches are printed in another order.
    shown: FxHashMap<TermId, Box<[Row]>>,
    /// Of each type, how many binders around it its variables need.
    free: Vec<u32>,
    /// Steps that are left.
    work: u64,
}

/// What comes in the place of a part with so many binders around it, if it need not be looked into.
type Replace<'r, 'g> = &'r dyn Fn(&mut Terms<'g>, TermId, u32) -> Result<Option<TermId>, Refusal>;

impl<'g> Terms<'g> {
    pub(super) fn new(global: &'g GlobalType) -> Self {
        let mut terms = Self {
            global,
            labels: [("", None)].into_iter().collect(),
            terms: IndexSet::default(),
            shown: FxHashMap::default(),
            free: Vec::new(),
            work: MAX_WORK + WORK_PER_NODE * global.nodes.len() as u64,
        };
        terms.add(Head::End, []);
        terms
    }

    pub(super) const fn end(&self) -> TermId {
        TermId(0)
    }

    /// The name of a role.
    pub(super) fn role(&self, role: u32) -> &'g str {
        self.global.roles.get(role as usize).map_or("?", String::as_str)
    }

    /// A label, or the name of an arm, which has no sort.
    pub(super) fn label(&mut self, name: &'g str, sort: Option<&'g Sort>) -> LabelId {
        let (at, _) = self.labels.insert_full((name, sort));
        LabelId(u32::try_from(at).expect("fewer labels than 2^32"))
    }

    pub(super) fn name_of(&self, label: LabelId) -> &'g str {
        self.labels[label.0 as usize].0
    }

    pub(super) fn label_of(&self, label: LabelId) -> Label {
        let (name, sort) = self.labels[label.0 as usize];
        Label { name: name.to_owned(), sort: sort.cloned().unwrap_or(Sort::Unit) }
    }

    pub(super) fn head(&self, id: TermId) -> Head {
        self.terms[id.0 as usize].head
    }

    /// The parts, branches in an order that does not depend on where they were first seen.
    pub(super) fn sorted_rows(&self, id: TermId) -> &[Row] {
        &self.terms[id.0 as usize].rows
    }

    /// The parts, branches in the order they were first seen in.
    pub(super) fn rows(&self, id: TermId) -> &[Row] {
        self.shown.get(&id).unwrap_or(&self.terms[id.0 as usize].rows)
    }

    /// The type of that head and these parts.
    pub(super) fn add(&mut self, head: Head, rows: impl Into<Box<[Row]>>) -> TermId {
        let mut rows = rows.into();
        let is_ordered = matches!(head, Head::Par | Head::Timed(_)) || rows.is_sorted();
        let shown = (!is_ordered).then(|| rows.clone());
        if !is_ordered {
            rows.sort_unstable();
        }
        let (at, is_new) = self.terms.insert_full(Term { head, rows });
        let id = TermId(u32::try_from(at).expect("fewer types than steps"));
        if is_new {
            let own = if let Head::Var(binder) = head { binder + 1 } else { 0 };
            let part = |(_, part): &Row| self.free(*part).saturating_sub(u32::from(head == Head::Rec));
            self.free.push(self.sorted_rows(id).iter().map(part).max().unwrap_or(0).max(own));
            self.shown.extend(shown.map(|rows| (id, rows)));
        }
        id
    }

    /// How many binders around it the variables of a type need.
    pub(super) fn free(&self, id: TermId) -> u32 {
        self.free[id.0 as usize]
    }

    /// The number of binders around the parts of a type with `depth` binders around it.
    pub(super) fn below(&self, id: TermId, depth: u32) -> u32 {
        depth + u32::from(self.head(id) == Head::Rec)
    }

    /// Counts steps.
    pub(super) const fn charge(&mut self, steps: usize) -> Result<(), Refusal> {
        match self.work.checked_sub(steps as u64) {
            Some(left) => self.work = left,
            None => return Err(Refusal::TooLarge),
        }
        Ok(())
    }

    /// `μX.T`; the binder is dropped if `X` is not free in `T`, and `μX.X` is `end`.
    pub(super) fn rec(&mut self, body: TermId) -> Result<TermId, Refusal> {
        if self.head(body) == Head::Var(0) {
            Ok(self.end())
        } else if self.binds(body)? {
            Ok(self.add(Head::Rec, [(UNLABELLED, body)]))
        } else {
            self.moved(body, &|binder| binder - 1)
        }
    }

    /// Whether something in a type refers to the innermost binder around it.
    fn binds(&mut self, body: TermId) -> Result<bool, Refusal> {
        if self.free(body) < 2 {
            return Ok(self.free(body) == 1);
        }
        let mut seen = FxHashSet::default();
        let mut stack = vec![(body, 0)];
        while let Some((id, depth)) = stack.pop() {
            if self.head(id) == Head::Var(depth) {
                return Ok(true);
            }
            if self.free(id) > depth && seen.insert((id, depth)) {
                let below = self.below(id, depth);
                stack.extend(self.rows(id).iter().rev().map(|(_, part)| (*part, below)));
                self.charge(self.rows(id).len())?;
            }
        }
        Ok(false)
    }

    /// The type with other numbers for its free variables, as there are more or fewer binders around it.
    fn moved(&mut self, id: TermId, change: &dyn Fn(u32) -> u32) -> Result<TermId, Refusal> {
        self.rewritten(id, false, &|terms, id, depth| match terms.head(id) {
            _ if terms.free(id) <= depth => Ok(Some(id)),
            Head::Var(binder) => Ok(Some(terms.add(Head::Var(change(binder - depth) + depth), []))),
            _ => Ok(None),
        })
    }

    /// A type and then another: the ends of the first become the second, out of reach of the binders of the first.
    pub(super) fn followed_by(&mut self, id: TermId, then: TermId) -> Result<TermId, Refusal> {
        if then == self.end() {
            return Ok(id);
        }
        self.rewritten(id, true, &|terms, id, depth| match terms.head(id) {
            Head::End => terms.moved(then, &|binder| binder + depth).map(Some),
            Head::Var(_) => Ok(Some(id)),
            _ => Ok(None),
        })
    }

    /// A type with parts replaced: `replace` gets a part and the number of binders around it, and gives what comes in
    /// its place if it need not be looked into. With `at_its_end` what is inside a `par` or a scope stays as it is.
    fn rewritten(&mut self, root: TermId, at_its_end: bool, replace: Replace<'_, 'g>) -> Result<TermId, Refusal> {
        let mut done: FxHashMap<(TermId, u32), TermId> = FxHashMap::default();
        let mut stack = vec![(root, 0, false)];
        while let Some((id, depth, are_parts_done)) = stack.pop() {
            if done.contains_key(&(id, depth)) {
                continue;
            }
            let below = self.below(id, depth);
            let is_block = matches!(self.head(id), Head::Par | Head::Timed(_));
            let rows = self.rows(id);
            let from = if at_its_end && is_block { rows.len() - 1 } else { 0 };
            if are_parts_done {
                let mut rows: Box<[Row]> = rows.into();
                rows[from..].iter_mut().for_each(|(_, part)| *part = done[&(*part, below)]);
                let other = self.add(self.head(id), rows);
                done.insert((id, depth), other);
            } else if let Some(other) = replace(self, id, depth)? {
                done.insert((id, depth), other);
            } else {
                stack.push((id, depth, true));
                stack.extend(self.rows(id)[from..].iter().map(|(_, part)| (*part, below, false)));
                self.charge(self.rows(id).len() + 1)?;
            }
        }
        Ok(done[&(root, 0)])
    }
}
