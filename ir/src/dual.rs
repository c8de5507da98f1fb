//! Duality: what the partner of a role does, if the role talks to nobody else.
//!
//! After Honda, Vasconcelos, Kubo, *Language Primitives and Type Discipline for Structured Communication-Based
//! Programming* (ESOP 1998), definition of the co-type, with named partners: a send to `B` is, for `B`, a receive from
//! the role itself. Parallel branches and scopes belong to both sides and stay; the owner of a scope is a name that is
//! the same for both.

use crate::local::{LocalNode, LocalType};
use crate::term::reachable;
use std::fmt;

/// Why a type has no dual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDual {
    /// It talks to, or has scopes of, two other roles.
    TwoPartners(String, String),
    /// It talks to the role it belongs to.
    Itself(String),
    /// It takes a decision without a message: its partner may not be able to take it.
    Case,
}

impl fmt::Display for NoDual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoPartners(one, two) => write!(f, "there are two partners, `{one}` and `{two}`"),
            Self::Itself(own) => write!(f, "`{own}` talks to itself"),
            Self::Case => f.write_str("a decision is taken without a message, and the partner may not know it"),
        }
    }
}

impl std::error::Error for NoDual {}

/// The local type of the only partner of role `own`, whose type is given.
///
/// # Errors
/// The first reason, in the order of the arena, why there is no such type.
pub fn dual(local: &LocalType, own: &str) -> Result<LocalType, NoDual> {
    let mut partner = None;
    let mut nodes = Vec::with_capacity(local.nodes.len());
    for (node, reached) in local.nodes.iter().zip(reachable(&local.nodes, local.root.0)) {
        nodes.push(if reached { mirror(node, own, &mut partner)? } else { LocalNode::End });
    }
    Ok(LocalType { nodes, root: local.root })
}

/// The node as `partner`, who is found here, sees it.
fn mirror<'a>(node: &'a LocalNode, own: &str, partner: &mut Option<&'a str>) -> Result<LocalNode, NoDual> {
    let mut is_partner = |name: &'a str| match *partner.get_or_insert(name) {
        _ if name == own => Err(NoDual::Itself(name.to_owned())),
        known if known == name => Ok(()),
        known => Err(NoDual::TwoPartners(known.to_owned(), name.to_owned())),
    };
    let own = || own.to_owned();
    Ok(match node {
        LocalNode::End | LocalNode::Var(_) | LocalNode::Rec(..) | LocalNode::Par { .. } => node.clone(),
        LocalNode::Send(name, rows) => {
            is_partner(name)?;
            LocalNode::Recv(own(), rows.clone())
        }
        LocalNode::Recv(name, rows) => {
            is_partner(name)?;
            LocalNode::Send(own(), rows.clone())
        }
        LocalNode::SendAny(rows) | LocalNode::RecvAny(rows) => {
            rows.iter().try_for_each(|(name, _, _)| is_partner(name))?;
            let mirrored = rows.iter().map(|(_, label, then)| (own(), label.clone(), *then)).collect();
            if matches!(node, LocalNode::SendAny(_)) {
                LocalNode::RecvAny(mirrored)
            } else {
                LocalNode::SendAny(mirrored)
            }
        }
        LocalNode::Case(_) => return Err(NoDual::Case),
        LocalNode::Timed { owner, .. } => {
            if *owner != own() {
                is_partner(owner)?;
            }
            node.clone()
        }
    })
}

#[cfg(test)]
mod tests;
