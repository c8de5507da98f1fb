//! Who holds which binding under which name.

use crate::hir::{RoleId, Var};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_language::symbol::Symbol;

/// The scopes of all roles, with an undo log so that leaving a block is cheap.
#[derive(Debug, Default)]
pub(super) struct Scope {
    holders: FxHashMap<Symbol, Holders>,
    log: Vec<Change>,
}

/// What each role holds under one name, in order of binding.
type Holders = IndexMap<RoleId, Var, FxBuildHasher>;

#[derive(Clone, Copy, Debug)]
struct Change {
    role: RoleId,
    name: Symbol,
    before: Option<Var>,
}

/// A position in the undo log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

impl Scope {
    /// From here on `role` holds `var` under `name`. A binding it holds already under that name is not a new one.
    pub(super) fn bind(&mut self, role: RoleId, name: Symbol, var: Var) {
        let before = self.holders.entry(name).or_default().insert(role, var);
        if before != Some(var) {
            self.log.push(Change { role, name, before });
        }
    }

    /// The binding `role` holds under `name`.
    pub(super) fn lookup(&self, role: RoleId, name: Symbol) -> Option<Var> {
        self.holders.get(&name)?.get(&role).copied()
    }

    /// Everybody who holds something under `name`.
    pub(super) fn holders(&self, name: Symbol) -> impl Iterator<Item = (RoleId, Var)> {
        self.holders.get(&name).into_iter().flatten().map(|(role, var)| (*role, *var))
    }

    /// All names somebody holds, for suggestions; in no particular order.
    pub(super) fn names(&self) -> Vec<Symbol> {
        let mut names: Vec<Symbol> =
            self.holders.iter().filter(|(_, holders)| !holders.is_empty()).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    /// Remembers the scopes as they are.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.log.len())
    }

    /// Who holds another binding under a name than at the mark, in order of first binding.
    pub(super) fn since(&self, mark: Mark) -> Vec<(RoleId, Symbol, Var)> {
        let mut bound: Vec<(RoleId, Symbol, Var)> = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        for change in &self.log[mark.0..] {
            if seen.insert((change.role, change.name))
                && let Some(var) = self.lookup(change.role, change.name)
                && change.before != Some(var)
            {
                bound.push((change.role, change.name, var));
            }
        }
        bound
    }

    /// Goes back to the scopes of the mark.
    pub(super) fn rollback(&mut self, mark: Mark) {
        while self.log.len() > mark.0 {
            let Change { role, name, before } = self.log.pop().expect("the log is longer than the mark");
            let holders = self.holders.get_mut(&name).expect("a change names what somebody held");
            match before {
                Some(var) => holders.insert(role, var),
                // Changes are undone backwards, so a role that held nothing before is the last one.
                None => holders.pop().map(|(_, var)| var),
            };
        }
    }

    /// Everything that is held, by role, in order of binding.
    pub(super) fn held(&self) -> Vec<(RoleId, Symbol, Var)> {
        let mut held = self.since(Mark(0));
        held.sort_by_key(|(role, _, _)| *role);
        held
    }
}
