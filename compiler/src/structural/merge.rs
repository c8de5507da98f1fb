//! The merge ⊓ of PROJECTION §2, of any number of types at once: it is associative, so how they are grouped does not
//! matter. [`mergeable`] is the table of the rules; start there.

use super::names::name;
use super::term::{LabelId, Term, TermId, Terms};
use super::{Refusal, Rule};
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Most labels written in a refusal.
const MAX_LABELS: usize = 8;

/// The types, each once, in the order they first occur in.
pub(super) fn distinct(types: Vec<TermId>) -> Vec<TermId> {
    if types.len() < 2 {
        return types;
    }
    types.into_iter().collect::<IndexSet<_, FxBuildHasher>>().into_iter().collect()
}

/// The merge of distinct types. Equal types merge to themselves; by the plain rule nothing else does.
pub(super) fn merge(terms: &mut Terms<'_>, rule: Rule, types: Vec<TermId>) -> Result<TermId, Refusal> {
    match (types.as_slice(), rule) {
        ([], _) => Ok(terms.end()),
        ([only], _) => Ok(*only),
        ([first, second, ..], Rule::Plain) => Err(refusal(terms, rule, *first, *second)),
        (_, Rule::Full) => full(terms, types),
    }
}

/// Whether the full rule merges two different types, given that the parts it pairs merge.
fn mergeable(terms: &Terms<'_>, left: TermId, right: TermId) -> bool {
    match (terms.sorted(left), terms.sorted(right)) {
        // two binders: the bodies merge under one variable
        (Term::Rec(_), Term::Rec(_)) => true,
        // two receives from one partner: labels united; that common ones have equal sorts, `by_label` sees
        (Term::Recv(one, _), Term::Recv(other, _)) => one == other,
        // two sends to one partner: the same labels and sorts
        (Term::Send(one, rows), Term::Send(other, others)) => {
            one == other && rows.iter().map(|(label, _)| label).eq(others.iter().map(|(label, _)| label))
        }
        _ => false,
    }
}

/// A merge whose parts are being merged.
struct Open {
    types: Vec<TermId>,
    /// For each part of the result, its label and the distinct types to merge.
    parts: Vec<(LabelId, Vec<TermId>)>,
    /// The parts that are merged.
    merged: Vec<TermId>,
}

/// The merge of two or more distinct types by the full rule, each list of types once.
fn full(terms: &mut Terms<'_>, types: Vec<TermId>) -> Result<TermId, Refusal> {
    let mut done: FxHashMap<Vec<TermId>, TermId> = FxHashMap::default();
    let mut result = terms.end();
    let mut stack = vec![open(terms, types)?];
    while let Some(top) = stack.last_mut() {
        let Some((_, part)) = top.parts.get_mut(top.merged.len()) else {
            let Some(ready) = stack.pop() else { break };
            result = close(terms, &ready);
            done.insert(ready.types, result);
            if let Some(outer) = stack.last_mut() {
                outer.merged.push(result);
            }
            continue;
        };
        match part[..] {
            [only] => top.merged.push(only),
            _ => match done.get(part) {
                Some(known) => top.merged.push(*known),
                None => {
                    let part = std::mem::take(part);
                    stack.push(open(terms, part)?);
                }
            },
        }
    }
    Ok(result)
}

/// What has to be merged below the heads of distinct types.
fn open(terms: &mut Terms<'_>, types: Vec<TermId>) -> Result<Open, Refusal> {
    let first = types[0];
    if let Some(other) = types[1..].iter().find(|&&other| !mergeable(terms, first, other)) {
        return Err(refusal(terms, Rule::Full, first, *other));
    }
    let parts = by_label(terms, &types)?;
    terms.charge(types.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>())?;
    let parts = parts.into_iter().map(|(label, part)| (label, distinct(part))).collect();
    Ok(Open { types, parts, merged: Vec::new() })
}

/// The continuations of types whose heads merge, label by label. The bodies of binders come under one label.
fn by_label(terms: &Terms<'_>, types: &[TermId]) -> Result<Vec<(LabelId, Vec<TermId>)>, Refusal> {
    /// A label, the first type that has it, and what follows it in any of them.
    type Group = (LabelId, TermId, Vec<TermId>);
    let mut groups: IndexMap<&str, Group, FxBuildHasher> = IndexMap::default();
    for &id in types {
        match terms.get(id) {
            Term::Rec(body) => groups.entry("").or_insert((LabelId(0), id, Vec::new())).2.push(*body),
            Term::Send(_, rows) | Term::Recv(_, rows) => {
                for (label, then) in rows {
                    let name = terms.label_of(*label).name.as_str();
                    let (known, from, thens) = groups.entry(name).or_insert((*label, id, Vec::new()));
                    if known != label {
                        return Err(refusal(terms, Rule::Full, *from, id));
                    }
                    thens.push(*then);
                }
            }
            _ => {}
        }
    }
    Ok(groups.into_values().map(|(label, _, thens)| (label, thens)).collect())
}

/// Puts a merged type together; its head is that of the types.
fn close(terms: &mut Terms<'_>, ready: &Open) -> TermId {
    let rows = ready.parts.iter().map(|(label, _)| *label).zip(ready.merged.iter().copied()).collect();
    let term = match terms.get(ready.types[0]) {
        Term::Send(partner, _) => Term::Send(*partner, rows),
        Term::Recv(partner, _) => Term::Recv(*partner, rows),
        _ => Term::Rec(ready.merged[0]),
    };
    terms.add(term)
}

/// The refusal to merge two types: how they begin at the first place where they differ.
fn refusal(terms: &Terms<'_>, rule: Rule, mut left: TermId, mut right: TermId) -> Refusal {
    let blank = |id| {
        let mut term = terms.sorted(id).clone();
        term.each_part(|part, _| *part = TermId(0));
        term
    };
    while blank(left) == blank(right) {
        let parts = terms.sorted(left).parts().into_iter().zip(terms.sorted(right).parts());
        let Some(((one, _), (other, _))) = parts.into_iter().find(|(one, other)| one != other) else { break };
        (left, right) = (one, other);
    }
    Refusal::Unmergeable { rule, left: head(terms, left), right: head(terms, right) }
}

/// How a type begins. A variable is named after the binders between it and its own.
fn head(terms: &Terms<'_>, id: TermId) -> String {
    let listed = |items: Vec<String>| {
        let more = if items.len() > MAX_LABELS { ", …" } else { "" };
        format!("{{{}{more}}}", items[..items.len().min(MAX_LABELS)].join(", "))
    };
    let labels = |rows: &[(LabelId, TermId)]| {
        listed(rows.iter().take(MAX_LABELS + 1).map(|(label, _)| terms.label_of(*label).to_string()).collect())
    };
    match terms.get(id) {
        Term::End => "end".to_owned(),
        Term::Var(binder) => name(*binder),
        Term::Rec(_) => format!("rec {}", name(0)),
        Term::Send(partner, rows) => format!("{}!{}", terms.role(*partner), labels(rows)),
        Term::Recv(partner, rows) => format!("{}?{}", terms.role(*partner), labels(rows)),
        Term::Case(arms) => {
            format!("case {}", listed(arms.iter().take(MAX_LABELS + 1).map(|(name, _)| (*name).to_owned()).collect()))
        }
        Term::Par(..) => "par".to_owned(),
        Term::Timed { owner, .. } => format!("timed {}", terms.role(*owner)),
    }
}
