//! Unfolding: `μX.G` is `G[μX.G/X]`, one step at the root.
//!
//! The copy shares everything: `μX.G` stays one node that all copies of `X` are, and parts of `G` without `X` are not
//! copied. Nothing can be captured: a closed type has no free variable that could be, and an open one is brought to
//! canonical form first, where no binder has the name of a free variable.

use crate::canonical::{canonical_global, canonical_local};
use crate::global::{GlobalId, GlobalType};
use crate::local::{LocalId, LocalType};
use crate::term::{Name, Sharing, Term, reachable};

/// The type with its outermost recursion unfolded once; a type that does not start with one is returned as it is.
#[must_use]
pub fn unfold(global: &GlobalType) -> GlobalType {
    let mut global = if captures(&global.nodes, global.root.0) { canonical_global(global) } else { global.clone() };
    global.root = GlobalId(step(&mut global.nodes, global.root.0));
    global
}

/// The type with its outermost recursion unfolded once; a type that does not start with one is returned as it is.
#[must_use]
pub fn unfold_local(local: &LocalType) -> LocalType {
    let mut local = if captures(&local.nodes, local.root.0) { canonical_local(local) } else { local.clone() };
    local.root = LocalId(step(&mut local.nodes, local.root.0));
    local
}

/// Whether a binder could capture: the type is a recursion and is open, or has too many variables to tell.
fn captures<T: Term>(nodes: &[T], root: u32) -> bool {
    matches!(nodes[root as usize].name(), Name::Binder(_))
        && Sharing::of(nodes, root).free(root).is_none_or(|free| !free.is_empty())
}

/// Appends the body of the recursion at `root` with `root` for its variable; gives its root.
fn step<T: Term>(nodes: &mut Vec<T>, root: u32) -> u32 {
    let Name::Binder(variable) = nodes[root as usize].name() else { return root };
    let variable = variable.to_owned();
    let body = nodes[root as usize].parts()[0];
    let in_body = reachable(nodes, body);
    // What stands for each node in the unfolded body; where the variable is not free, the node itself.
    let mut copies: Vec<u32> = (0..=body).collect();
    for index in 0..=body {
        let node = &nodes[index as usize];
        match node.name() {
            _ if !in_body[index as usize] => {}
            Name::Variable(name) if name == variable => copies[index as usize] = root,
            Name::Binder(name) if name == variable => {}
            _ => {
                let parts = node.parts();
                let replaced: Vec<u32> = parts.iter().map(|part| copies[*part as usize]).collect();
                if replaced != parts {
                    let mut copy = node.clone();
                    copy.set_parts(&replaced);
                    copies[index as usize] = u32::try_from(nodes.len()).expect("fewer nodes than fit in memory");
                    nodes.push(copy);
                }
            }
        }
    }
    copies[body as usize]
}

#[cfg(test)]
mod tests;
