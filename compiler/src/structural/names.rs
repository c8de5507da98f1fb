//! Local types with names again: a binder is called after the number of binders around it, `X`, `X1`, …
//!
//! So a part that is closed, or that has as many binders around it elsewhere, is one node of the result.

use super::Refusal;
use super::term::{Head, TermId, Terms};
use rustc_hash::FxHashMap;
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::Label;

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
        let below = terms.below(id, depth);
        if are_parts_done {
            let part = |part| done[&key(terms, part, below)];
            let node = node(terms, id, depth, &part);
            done.insert(key(terms, id, depth), LocalId(u32::try_from(nodes.len()).expect("fewer nodes than steps")));
            nodes.push(node);
        } else {
            stack.push((id, depth, true));
            stack.extend(terms.rows(id).iter().rev().map(|(_, part)| (*part, below, false)));
            terms.charge(terms.rows(id).len() + 1)?;
        }
    }
    let root = done[&key(terms, root, 0)];
    Ok(LocalType { nodes, root })
}

fn node(terms: &Terms<'_>, id: TermId, depth: u32, part: &dyn Fn(TermId) -> LocalId) -> LocalNode {
    let rows = terms.rows(id);
    let parts: Vec<LocalId> = rows.iter().map(|(_, id)| part(*id)).collect();
    let role = |role| terms.role(role).to_owned();
    let labels = rows.iter().map(|(label, _)| *label);
    let messages = || -> Vec<(Label, LocalId)> {
        labels.clone().map(|label| terms.label_of(label)).zip(parts.iter().copied()).collect()
    };
    let named = |from: usize, to: usize| -> Vec<(String, LocalId)> {
        let names = labels.clone().map(|label| terms.name_of(label).to_owned());
        names.zip(parts.iter().copied()).take(to).skip(from).collect()
    };
    let last = parts.len().saturating_sub(1);
    match terms.head(id) {
        Head::End => LocalNode::End,
        Head::Var(binder) => LocalNode::Var(name(depth - 1 - binder)),
        Head::Rec => LocalNode::Rec(name(depth), parts[0]),
        Head::Send(partner) => LocalNode::Send(role(partner), messages()),
        Head::Recv(partner) => LocalNode::Recv(role(partner), messages()),
        Head::Case => LocalNode::Case(named(0, parts.len())),
        Head::Par => LocalNode::Par { branches: parts[..last].to_vec(), then: parts[last] },
        Head::Timed(owner) => {
            LocalNode::Timed { owner: role(owner), body: parts[0], outcomes: named(1, last), then: parts[last] }
        }
    }
}
