//! Declarations of the authority and agreement surface (LANGUAGE §6) and handlers (EFFECTS §1).
//!
//! Nothing here is executed; `check` uses it, and `build` refuses what stands in [`crate::refused`].

use super::Use;
use crate::ty::Ty;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::rc::Rc;
use tell_language::ast::{self, Name, RoleRef};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Index into [`Surface::operations`].
pub type OperationId = usize;
/// Index into [`Surface::handlers`].
pub type HandlerId = usize;

/// Everything declared by the surface, of all modules.
#[derive(Debug, Default)]
pub struct Surface {
    /// `operation op(…) at R …`
    pub operations: Vec<Operation>,
    /// Names of agreement profiles.
    pub agreements: Vec<Name>,
    /// `profile P …`
    pub profiles: Vec<Profile>,
    /// `proof_bundle B …`
    pub bundles: Vec<Bundle>,
    /// Names of fragments that are declared or stand in a body.
    pub fragments: Vec<Name>,
    /// `handler h for E …`
    pub handlers: Vec<Handler>,
    /// Facts that something publishes, with the type and place of the first publication that was checked.
    pub facts: IndexMap<Symbol, Option<(Ty, Span)>, FxBuildHasher>,
}

/// An operation that can be begun.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name.
    pub name: Name,
    /// Its module.
    pub module: usize,
    /// Its parameters.
    pub params: Vec<(Name, Ty)>,
    /// The role that performs it.
    pub role: RoleRef,
    /// The profile its protocol has to run under.
    pub profile: Option<usize>,
    /// Where it names its agreement profile.
    pub agreement: Option<Span>,
    /// What it does.
    pub body: ast::Block,
    /// Type of its `result`, once its body was looked at.
    pub result: Option<Ty>,
    /// Instances of effects that its body performs, once it was looked at.
    pub row: Vec<Use>,
    /// Its role and those its body names, once it was looked at.
    pub roles: Vec<Name>,
}

/// How a protocol is executed.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name.
    pub name: Name,
    /// Whether its admissibility asks for the capability `mixed_profile`.
    pub is_mixed: bool,
}

/// Capabilities somebody vouches for.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Its name.
    pub name: Name,
    /// What it lists.
    pub capabilities: Vec<&'static str>,
}

/// What a protocol's header says with `requires` and `under`.
#[derive(Clone, Debug, Default)]
pub struct Contract {
    /// Its bundles.
    pub bundles: Vec<usize>,
    /// Its profile.
    pub profile: Option<usize>,
    /// Whether a name of them is wrong: what it has is not known.
    pub is_broken: bool,
}

/// A handler (EFFECTS §1).
#[derive(Clone, Debug)]
pub struct Handler {
    /// Its module.
    pub module: usize,
    /// Its parameters.
    pub params: Vec<(Name, Ty)>,
    /// The effect instance it handles; `None` if that is wrong.
    pub instance: Option<Use>,
    /// Its own row.
    pub uses: Vec<Use>,
    /// What is written.
    pub ast: ast::Handler,
    /// Whether its clauses have no mistakes, whatever the region's value is.
    pub is_checked: bool,
    /// What it makes of values of regions that were looked at.
    pub known: Vec<(Ty, Handled)>,
}

/// What a handler makes of a region.
#[derive(Clone, Debug)]
pub struct Handled {
    /// The type of the region's value after the return clause.
    pub value: Ty,
    /// What leaves the region, if anything does: type of the value and place.
    pub leaves: Option<(Ty, Span)>,
    /// What each operation's clause does, in the order of the effect's operations.
    pub clauses: Rc<[ClauseShape]>,
    /// What some clause of them does.
    pub any: ClauseShape,
}

/// What a clause can do besides resuming at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClauseShape {
    /// Where it can leave the region.
    pub leaves: Option<Span>,
    /// Where it does something a tail-resuming clause does not.
    pub is_not_tail: Option<Span>,
}

impl Surface {
    /// Whether one of the bundles lists a capability.
    #[must_use]
    pub fn has(&self, contract: &Contract, capability: &str) -> bool {
        contract.bundles.iter().any(|bundle| self.bundles[*bundle].capabilities.contains(&capability))
    }

    /// Whether types are learnt from bodies, so that all bodies are looked at before they are checked.
    #[must_use]
    pub fn is_learnt(&self) -> bool {
        !self.operations.is_empty() || !self.facts.is_empty()
    }
}
