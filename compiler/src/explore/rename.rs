//! One name per symbol: configurations that differ only in the names of symbols become equal.
//!
//! A term stays a structure while somebody holds, or can still compute, what it is made of: then another role may come
//! to the same term. Else it is a symbol like any other. A decision is forgotten when nobody can ask for it any more.

use super::config::Config;
use super::term::{Term, TermId, Terms};
use rustc_hash::{FxHashMap, FxHashSet};

struct Renaming<'t> {
    terms: &'t mut Terms,
    held: FxHashSet<TermId>,
    live: FxHashMap<TermId, bool>,
    names: FxHashMap<TermId, TermId>,
    next: u32,
}

/// Renames the values of a configuration by first occurrence.
pub(super) fn rename(terms: &mut Terms, config: &mut Config) {
    let mut held: FxHashSet<TermId> = FxHashSet::default();
    config.threads.iter().for_each(|thread| held.extend(&thread.slots));
    config.messages.iter().for_each(|message| held.extend(&message.fields));
    let mut renaming = Renaming { terms, held, live: FxHashMap::default(), names: FxHashMap::default(), next: 0 };
    config.decided.retain(|(key, _)| renaming.is_live(*key));
    for thread in &mut config.threads {
        thread.slots.iter_mut().for_each(|slot| *slot = renaming.name(*slot));
    }
    for message in &mut config.messages {
        message.fields.iter_mut().for_each(|field| *field = renaming.name(*field));
    }
    config.decided.iter_mut().for_each(|(key, _)| *key = renaming.name(*key));
    config.decided.sort_unstable();
}

impl Renaming<'_> {
    /// Whether somebody holds a term or can compute it. Terms are nested a few levels at most.
    fn is_live(&mut self, id: TermId) -> bool {
        if self.held.contains(&id) {
            return true;
        }
        if let Some(known) = self.live.get(&id) {
            return *known;
        }
        let live = self.is_derived(id);
        self.live.insert(id, live);
        live
    }

    /// Whether it can be computed from what is held.
    fn is_derived(&mut self, id: TermId) -> bool {
        match self.terms.get(id).clone() {
            Term::Fresh(_) | Term::Instance { .. } => false,
            Term::Int(_) | Term::Const(_) => true,
            Term::Next(before) => self.is_live(before),
            Term::Key { args, .. } => args.iter().all(|arg| self.is_live(*arg)),
            Term::Part { key, .. } => self.is_live(key),
        }
    }

    fn name(&mut self, id: TermId) -> TermId {
        if let Some(name) = self.names.get(&id) {
            return *name;
        }
        let term = self.terms.get(id).clone();
        let name = if self.is_derived(id) { self.rebuilt(id, term) } else { self.symbol() };
        self.names.insert(id, name);
        name
    }

    fn symbol(&mut self) -> TermId {
        self.next += 1;
        self.terms.intern(Term::Fresh(self.next - 1)).expect("a symbol is not nested")
    }

    /// The same structure over renamed parts, which nest no deeper.
    fn rebuilt(&mut self, id: TermId, term: Term) -> TermId {
        let term = match term {
            Term::Fresh(_) | Term::Int(_) | Term::Const(_) | Term::Instance { .. } => return id,
            Term::Next(before) => Term::Next(self.name(before)),
            Term::Key { shape, args } => Term::Key { shape, args: args.iter().map(|arg| self.name(*arg)).collect() },
            Term::Part { key, arm, index } => Term::Part { key: self.name(key), arm, index },
        };
        self.terms.intern(term).expect("renaming does not nest deeper")
    }
}
