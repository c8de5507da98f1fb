//! Flow policies: which facts may flow to which roles (MACHINE §4).

use crate::error::VMError;
use std::collections::BTreeSet;
use tell_ir::resource::Fact;

/// Most predicates inside each other.
const MAX_NESTING: u64 = 64;

/// Which facts may flow to which roles: what `Check` asks, and what a `Transfer` has to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FlowPolicy {
    /// All to everybody.
    #[default]
    AllowAll,
    /// None to anybody.
    DenyAll,
    /// All to the roles of these names.
    AllowRoles(BTreeSet<String>),
    /// All to everybody but the roles of these names.
    DenyRoles(BTreeSet<String>),
    /// What the predicate says.
    PredicateExpr(FlowPredicate),
}

/// A predicate on a fact and the role it would flow to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowPredicate {
    /// The role's name starts so.
    TargetRolePrefix(String),
    /// The fact's name contains this.
    FactContains(String),
    /// The fact is about the role it would flow to.
    EndpointRoleMatchesTarget,
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
}

impl FlowPolicy {
    /// Whether a fact may flow to role `to` of that name.
    #[must_use]
    pub fn allows(&self, fact: &Fact, to: u16, name: &str) -> bool {
        match self {
            Self::AllowAll => true,
            Self::DenyAll => false,
            Self::AllowRoles(roles) => roles.contains(name),
            Self::DenyRoles(roles) => !roles.contains(name),
            Self::PredicateExpr(predicate) => predicate.holds(fact, to, name),
        }
    }

    pub(crate) fn check(&self) -> Result<(), VMError> {
        let Self::PredicateExpr(predicate) = self else { return Ok(()) };
        let value = predicate.nesting();
        if value > MAX_NESTING {
            return Err(VMError::Configuration { field: "flow", value, min: 0, max: MAX_NESTING });
        }
        Ok(())
    }
}

impl FlowPredicate {
    fn holds(&self, fact: &Fact, to: u16, name: &str) -> bool {
        match self {
            Self::TargetRolePrefix(prefix) => name.starts_with(prefix),
            Self::FactContains(part) => fact.name.contains(part),
            Self::EndpointRoleMatchesTarget => fact.about == Some(to),
            Self::All(parts) => parts.iter().all(|part| part.holds(fact, to, name)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(fact, to, name)),
        }
    }

    /// How deep predicates are inside each other; says no more than it takes to refuse it.
    fn nesting(&self) -> u64 {
        let mut level: Vec<&Self> = vec![self];
        let mut depth = 0;
        while !level.is_empty() && depth <= MAX_NESTING {
            depth += 1;
            level = level.into_iter().flat_map(Self::parts).collect();
        }
        depth
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) | Self::Any(parts) => parts,
            Self::TargetRolePrefix(_) | Self::FactContains(_) | Self::EndpointRoleMatchesTarget => &[],
        }
    }
}
