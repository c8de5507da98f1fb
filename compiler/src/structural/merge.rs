//! The merge ⊓ of PROJECTION §2, of any number of types at once: it is associative, so how they are grouped does not
//! matter. [`mergeable`] is the table of the rules; start there.

use super::names::name;
use super::term::{Head, LabelId, Row, TermId, Terms};
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
    let labels = |id| terms.sorted_rows(id).iter().map(|(label, _)| label);
    match (terms.head(left), terms.head(right)) {
        // two binders: the bodies merge under one variable
        (Head::Rec, Head::Rec) => true,
        // two receives from one partner: labels united; that common ones have equal sorts, `by_label` sees
        (Head::Recv(one), Head::Recv(other)) => one == other,
        // two sends to one partner: the same labels and sorts
        (Head::Send(one), Head::Send(other)) => one == other && labels(left).eq(labels(right)),
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

/// The parts of types whose heads merge, label by label; the body of a binder has one label.
fn by_label(terms: &Terms<'_>, types: &[TermId]) -> Result<Vec<(LabelId, Vec<TermId>)>, Refusal> {
    /// A label, the first type that has it, and what follows it in any of them.
    type Group = (LabelId, TermId, Vec<TermId>);
    let mut groups: IndexMap<&str, Group, FxBuildHasher> = IndexMap::default();
    for &id in types {
        for (label, part) in terms.rows(id) {
            let (known, from, parts) = groups.entry(terms.name_of(*label)).or_insert((*label, id, Vec::new()));
            if known != label {
                return Err(refusal(terms, Rule::Full, *from, id));
            }
            parts.push(*part);
        }
    }
    Ok(groups.into_values().map(|(label, _, parts)| (label, parts)).collect())
}

/// Puts a merged type together; its head is that of the types.
fn close(terms: &mut Terms<'_>, ready: &Open) -> TermId {
    let labels = ready.parts.iter().map(|(label, _)| *label);
    let rows: Box<[Row]> = labels.zip(ready.merged.iter().copied()).collect();
    terms.add(terms.head(ready.types[0]), rows)
}

/// The refusal to merge two types: how they begin at the first place where they differ.
fn refusal(terms: &Terms<'_>, rule: Rule, mut left: TermId, mut right: TermId) -> Refusal {
    while terms.head(left) == terms.head(right) {
        let (rows, others) = (terms.sorted_rows(left), terms.sorted_rows(right));
        let is_aligned = rows.iter().map(|(label, _)| label).eq(others.iter().map(|(label, _)| label));
        let different = rows.iter().zip(others).find(|(row, other)| row.1 != other.1);
        let Some((row, other)) = different.filter(|_| is_aligned) else { break };
        (left, right) = (row.1, other.1);
    }
    Refusal::Unmergeable { rule, left: beginning(terms, left), right: beginning(terms, right) }
}

/// How a type begins. A variable is named after the binders between it and its own.
fn beginning(terms: &Terms<'_>, id: TermId) -> String {
    let rows = terms.rows(id);
    let shown: Vec<String> =
        rows.iter().take(MAX_LABELS).map(|(label, _)| terms.label_of(*label).to_string()).collect();
    let labels = format!("{{{}{}}}", shown.join(", "), if rows.len() > MAX_LABELS { ", …" } else { "" });
    match terms.head(id) {
        Head::End => "end".to_owned(),
        Head::Var(binder) => name(binder),
        Head::Rec => format!("rec {}", name(0)),
        Head::Send(partner) => format!("{}!{labels}", terms.role(partner)),
        Head::Recv(partner) => format!("{}?{labels}", terms.role(partner)),
        Head::Case => format!("case {labels}"),
        Head::Par => "par".to_owned(),
        Head::Timed(owner) => format!("timed {}", terms.role(owner)),
    }
}
