//! Local types with names again: a binder is called after the number of binders around it, `X`, `X1`, …
//!
//! So a part that is closed, or that has as many binders around it elsewhere, is one node of the result.

use super::Refusal;
use super::term::{Place, Term, TermId, Terms, below};
use rustc_hash::FxHashMap;
use tell_ir::local::{LocalId, LocalNode, LocalType};

/// The name of a binder with `level` binders around it.
pub(super) fn name(level: u32) -> String {
    if level == 0 { "X".to_owned() } else { format!("X{level}") }
}

/// A closed type with names.
pub(super) fn local_type(terms: &mut Terms<'_>, root: TermId) -> Result<LocalType, Refusal> {
    let mut nodes: Vec<LocalNode> = Vec::new();
    let mut done: FxHashMap<(TermId, Option<u32>), LocalId> = FxHashMap::default();
    let key = |terms: &Terms<'_>, id, depth| (id, (terms.free(id) > 0).then_some(depth));
    let mut stack = vec![(root, 0, false)];
    while let Some((id, depth, are_parts_done)) = stack.pop() {
        if done.contains_key(&key(terms, id, depth)) {
            continue;
        }
        if are_parts_done {
            let node = node(terms, terms.get(id), depth, &|part, place| done[&key(terms, part, below(depth, place))]);
            done.insert(key(terms, id, depth), LocalId(u32::try_from(nodes.len()).expect("fewer nodes than steps")));
            nodes.push(node);
        } else {
            let parts = terms.get(id).parts();
            terms.charge(parts.len() + 1)?;
            stack.push((id, depth, true));
            stack.extend(parts.into_iter().rev().map(|(part, place)| (part, below(depth, place), false)));
        }
    }
    let root = done[&key(terms, root, 0)];
    Ok(LocalType { nodes, root })
}

fn node(terms: &Terms<'_>, term: &Term<'_>, depth: u32, part: &dyn Fn(TermId, Place) -> LocalId) -> LocalNode {
    let role = |role: u32| terms.role(role).to_owned();
    let after = |id: TermId| part(id, Place::After);
    let inside = |id: TermId| part(id, Place::Inside);
    match term {
        Term::End => LocalNode::End,
        Term::Var(binder) => LocalNode::Var(name(depth - 1 - binder)),
        Term::Rec(body) => LocalNode::Rec(name(depth), part(*body, Place::Below)),
        Term::Send(partner, rows) => {
            let rows = rows.iter().map(|(label, then)| (terms.label_of(*label).clone(), after(*then)));
            LocalNode::Send(role(*partner), rows.collect())
        }
        Term::Recv(partner, rows) => {
            let rows = rows.iter().map(|(label, then)| (terms.label_of(*label).clone(), after(*then)));
            LocalNode::Recv(role(*partner), rows.collect())
        }
        Term::Case(arms) => {
            LocalNode::Case(arms.iter().map(|(name, then)| ((*name).to_owned(), after(*then))).collect())
        }
        Term::Par(branches, then) => {
            LocalNode::Par { branches: branches.iter().copied().map(inside).collect(), then: after(*then) }
        }
        Term::Timed { owner, body, outcomes, then } => LocalNode::Timed {
            owner: role(*owner),
            body: inside(*body),
            outcomes: outcomes.iter().map(|(name, block)| ((*name).to_owned(), inside(*block))).collect(),
            then: after(*then),
        },
    }
}
