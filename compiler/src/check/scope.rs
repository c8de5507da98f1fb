//! Who holds which binding under which name.

use crate::hir::{RoleId, Var};
use rustc_hash::FxHashMap;
use tell_language::symbol::Symbol;

/// The scopes of all roles, with an undo log so that leaving a block is cheap.
#[derive(Debug, Default)]
pub(super) struct Scope {
    holders: FxHashMap<Symbol, Vec<(RoleId, Var)>>,
    log: Vec<Change>,
}

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
        if self.lookup(role, name) == Some(var) {
            return;
        }
        let before = self.set(role, name, Some(var));
        self.log.push(Change { role, name, before });
    }

    fn set(&mut self, role: RoleId, name: Symbol, var: Option<Var>) -> Option<Var> {
        let holders = self.holders.entry(name).or_default();
        let at = holders.iter().position(|(holder, _)| *holder == role);
        match (at, var) {
            (Some(at), Some(var)) => Some(std::mem::replace(&mut holders[at].1, var)),
            (Some(at), None) => Some(holders.remove(at).1),
            (None, Some(var)) => {
                holders.push((role, var));
                None
            }
            (None, None) => None,
        }
    }

    /// The binding `role` holds under `name`.
    pub(super) fn lookup(&self, role: RoleId, name: Symbol) -> Option<Var> {
        self.holders(name).iter().find(|(holder, _)| *holder == role).map(|(_, var)| *var)
    }

    /// Everybody who holds something under `name`.
    pub(super) fn holders(&self, name: Symbol) -> &[(RoleId, Var)] {
        self.holders.get(&name).map_or(&[], Vec::as_slice)
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
            self.set(role, name, before);
        }
    }

    /// Everything that is held, by role, in order of binding.
    pub(super) fn held(&self) -> Vec<(RoleId, Symbol, Var)> {
        let mut held = self.since(Mark(0));
        held.sort_by_key(|(role, _, _)| *role);
        held
    }
}
