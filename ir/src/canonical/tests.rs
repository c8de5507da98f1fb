//! Tests of canonical forms and ids.

use super::*;
use crate::global::GlobalNode as G;
use crate::local::LocalNode as L;
use crate::sort::{Label, Sort};
use crate::unfold::unfold_local;
use proptest::collection::vec;
use proptest::prelude::*;

fn label(name: &str) -> Label {
    Label { name: name.to_owned(), sort: Sort::Unit }
}

fn var(name: &str) -> L {
    L::Var(name.to_owned())
}

fn rec(name: &str, body: u32) -> L {
    L::Rec(name.to_owned(), LocalId(body))
}

fn send(rows: &[(&str, u32)]) -> L {
    L::Send("B".to_owned(), rows.iter().map(|(name, then)| (label(name), LocalId(*then))).collect())
}

fn local(nodes: Vec<L>) -> LocalType {
    LocalType { root: LocalId(nodes.len() as u32 - 1), nodes }
}

#[track_caller]
fn same(one: Vec<L>, two: Vec<L>) {
    let (one, two) = (local(one), local(two));
    assert!(same_local(&one, &two), "{one}\n\n{two}");
    assert_eq!(canonical_local(&one), canonical_local(&two));
}

#[track_caller]
fn different(one: Vec<L>, two: Vec<L>) {
    let (one, two) = (local(one), local(two));
    assert!(!same_local(&one, &two), "{one}\n\n{two}");
    assert_ne!(canonical_local(&one), canonical_local(&two));
}

#[test]
fn names_of_binders_do_not_matter() {
    same(vec![var("X"), send(&[("L", 0)]), rec("X", 1)], vec![var("Z"), send(&[("L", 0)]), rec("Z", 1)]);
    let nested = |outer: &str, inner: &str, used: &str| {
        vec![var(used), send(&[("L", 0)]), rec(inner, 1), send(&[("M", 2)]), rec(outer, 3)]
    };
    same(nested("X", "Y", "Y"), nested("X", "X", "X"));
    same(nested("X", "Y", "X"), nested("Y", "X", "Y"));
    different(nested("X", "Y", "X"), nested("X", "Y", "Y"));
}

#[test]
fn free_variables_are_known_by_name() {
    different(vec![var("X")], vec![var("Y")]);
    different(vec![var("X"), rec("X", 0)], vec![var("X"), rec("Y", 0)]);
    let open = canonical_local(&local(vec![var("Q"), var("X1"), send(&[("L", 0), ("M", 1)]), rec("Q", 2)]));
    assert_eq!(open.to_string(), "rec X2.\n+{\n  B!L.\n    X2\n  B!M.\n    X1\n}");
}

#[test]
fn the_order_of_branches_does_not_matter() {
    same(vec![L::End, var("X"), send(&[("L", 0), ("M", 1)])], vec![L::End, var("X"), send(&[("M", 1), ("L", 0)])]);
    different(vec![L::End, var("X"), send(&[("L", 0), ("M", 1)])], vec![L::End, var("X"), send(&[("M", 0), ("L", 1)])]);
    let par = |branches: [u32; 2], then| {
        vec![send(&[]), L::End, L::Par { branches: branches.map(LocalId).to_vec(), then: LocalId(then) }]
    };
    same(par([0, 1], 1), par([1, 0], 1));
    different(par([0, 1], 1), par([0, 1], 0));
    let any = |rows: [(&str, &str); 2]| {
        vec![L::End, L::RecvAny(rows.map(|(from, name)| (from.to_owned(), label(name), LocalId(0))).to_vec())]
    };
    same(any([("B", "L"), ("C", "L")]), any([("C", "L"), ("B", "L")]));
    different(any([("B", "L"), ("C", "M")]), any([("B", "M"), ("C", "L")]));
}

#[test]
fn equally_labelled_branches_are_sorted_by_what_they_refer_to() {
    let two = |rows: &[(&str, u32)]| vec![var("X"), var("Y"), send(rows), rec("Y", 2), rec("X", 3)];
    same(two(&[("L", 0), ("L", 1)]), two(&[("L", 1), ("L", 0)]));
    different(two(&[("L", 0), ("L", 1)]), two(&[("L", 1), ("L", 1)]));
}

#[test]
fn structure_is_kept() {
    different(vec![L::End], vec![L::End, rec("X", 0)]);
    different(vec![L::End, send(&[("L", 0)])], vec![L::End, L::Recv("B".into(), vec![(label("L"), LocalId(0))])]);
    let any = L::SendAny(vec![("B".to_owned(), label("L"), LocalId(0))]);
    different(vec![L::End, send(&[("L", 0)])], vec![L::End, any]);
    let unfolded = vec![var("X"), send(&[("L", 0)]), rec("X", 1), send(&[("L", 2)])];
    different(vec![var("X"), send(&[("L", 0)]), rec("X", 1)], unfolded);
}

#[test]
fn a_shared_part_is_what_it_is_bound_to() {
    // +{ L. μX. s, M. s } with s = B!N.X below μX: once the inner, once the outer X.
    let shared = vec![var("X"), send(&[("N", 0)]), rec("X", 1), send(&[("L", 2), ("M", 1)]), rec("X", 3)];
    let written_out = vec![
        var("I"),
        send(&[("N", 0)]),
        rec("I", 1),
        var("O"),
        send(&[("N", 3)]),
        send(&[("M", 4), ("L", 2)]),
        rec("O", 5),
    ];
    same(shared, written_out);
}

#[test]
fn the_id_of_a_closed_part_does_not_depend_on_where_it_is() {
    let parts = vec![var("X"), send(&[("L", 0)]), rec("X", 1)];
    let alone = local(parts.clone());
    let mut nodes = parts;
    nodes.extend([send(&[("A", 2)]), rec("Q", 3), rec("R", 4), send(&[("L", 5), ("M", 2)])]);
    let whole = canonical_local(&local(nodes));
    // One copy of the part serves both places.
    let copies: Vec<u32> = (0..whole.nodes.len() as u32)
        .filter(|index| *whole.node(LocalId(*index)) == rec("X1", index.saturating_sub(1)))
        .collect();
    assert_eq!(copies.len(), 1, "{whole:?}");
    let part = LocalType { nodes: whole.nodes, root: LocalId(copies[0]) };
    assert_eq!(local_id(&part), local_id(&alone));
}

#[test]
fn canonical_forms_are_canonical() {
    let types = [
        vec![var("X"), send(&[("M", 0), ("L", 0)]), rec("X", 1), send(&[("Z", 2), ("A", 2)])],
        vec![L::End],
        vec![var("free"), var("X"), send(&[("L", 0), ("M", 1)]), rec("X", 2)],
    ];
    for nodes in types {
        let ty = local(nodes);
        let form = canonical_local(&ty);
        assert_eq!(local_id(&form), local_id(&ty));
        assert_eq!(canonical_local(&form), form);
    }
}

fn global(roles: &[&str], nodes: Vec<G>) -> GlobalType {
    GlobalType {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        root: GlobalId(nodes.len() as u32 - 1),
        nodes,
    }
}

fn comm(sender: u32, receiver: u32) -> G {
    G::Comm { sender, receiver, branches: vec![(label("L"), GlobalId(0))] }
}

#[test]
fn roles_are_known_by_name_and_only_those_that_occur_count() {
    let one = global(&["A", "B"], vec![G::End, comm(0, 1)]);
    let two = global(&["C", "B", "A"], vec![G::End, comm(2, 1)]);
    let turned = global(&["B", "A"], vec![G::End, comm(0, 1)]);
    assert!(same_global(&one, &two));
    assert_eq!(canonical_global(&one), canonical_global(&two));
    assert!(!same_global(&one, &turned));
    let case = |deciders: Vec<u32>| {
        global(&["A", "B"], vec![G::End, G::Case { deciders, branches: vec![("Yes".to_owned(), GlobalId(0))] }])
    };
    assert!(same_global(&case(vec![0, 1]), &case(vec![1, 0, 1])));
    assert!(!same_global(&case(vec![0, 1]), &case(vec![0])));
}

#[test]
fn global_and_local_types_do_not_share_ids() {
    assert_ne!(global_id(&global(&[], vec![G::End])), local_id(&local(vec![L::End])));
}

#[test]
fn a_million_messages_in_a_row_have_an_id() {
    let chain = |last: &str| {
        let mut nodes = vec![var("X")];
        nodes.extend((0..1_000_000).map(|index| send(&[(if index == 0 { last } else { "L" }, index)])));
        nodes.push(rec("X", 1_000_000));
        local(nodes)
    };
    assert_ne!(local_id(&chain("L")), local_id(&chain("M")));
}

#[test]
fn shared_choices_take_time_in_what_is_in_memory() {
    for first in [L::End, var("X")] {
        let mut nodes = vec![first];
        nodes.extend((0..20_000).map(|index| send(&[("M", index), ("L", index)])));
        nodes.push(rec("X", 20_000));
        assert_eq!(canonical_local(&local(nodes)).nodes.len(), 20_002);
    }
}

#[test]
fn an_open_part_shared_at_many_depths_is_one_part() {
    let mut nodes = vec![var("X")];
    for _ in 0..2_000 {
        let below = nodes.len() as u32 - 1;
        nodes.push(rec("Y", below));
        nodes.push(send(&[("L", below), ("M", below + 1)]));
    }
    nodes.push(rec("X", 4_000));
    assert_eq!(canonical_local(&local(nodes)).nodes.len(), 4_002);
}

#[test]
fn many_binders_that_are_all_used_at_the_bottom_take_linear_memory() {
    let count = 50_000;
    let mut nodes: Vec<L> = (0..count).map(|index| var(&format!("V{index}"))).collect();
    let names: Vec<String> = (0..count).map(|index| format!("L{index}")).collect();
    let rows: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(0..).collect();
    nodes.push(send(&rows));
    for index in 0..count {
        nodes.push(rec(&format!("V{index}"), count + index));
    }
    assert_eq!(canonical_local(&local(nodes)).nodes.len() as u32, 2 * count + 1);
}

/// Arenas with sharing, three names for binders and variables, free variables, and branches of equal labels.
fn any_arena() -> impl Strategy<Value = LocalType> {
    let node = (0..6_u8, 0..3_usize, vec((0..2_usize, any::<u32>()), 1..4));
    vec(node, 1..14).prop_map(|layers| {
        let mut nodes = vec![L::End, var("X"), var("Y")];
        for (kind, name, rows) in layers {
            let name = ["X", "Y", "Z"][name];
            let below = |pick: u32| nodes.len() as u32 - 1 - pick % 3.min(nodes.len() as u32);
            let rows: Vec<(&str, u32)> = rows.iter().map(|(label, pick)| (["L", "M"][*label], below(*pick))).collect();
            nodes.push(match kind {
                0 => var(name),
                1 | 2 => rec(name, rows[0].1),
                3 => L::Par { branches: rows.iter().map(|(_, id)| LocalId(*id)).collect(), then: LocalId(below(0)) },
                _ => send(&rows),
            });
        }
        local(nodes)
    })
}

/// What a small type is, without names of binders and order: written as a tree, variables as de Bruijn indices.
fn meaning(ty: &LocalType, id: LocalId, scope: &mut Vec<String>) -> String {
    let node = ty.node(id);
    match node {
        L::Var(name) => match scope.iter().rev().position(|bound| bound == name) {
            Some(index) => index.to_string(),
            None => name.clone(),
        },
        L::Rec(name, body) => {
            scope.push(name.clone());
            let body = meaning(ty, *body, scope);
            scope.pop();
            format!("rec({body})")
        }
        L::Par { branches, then } => {
            let mut branches: Vec<String> = branches.iter().map(|id| meaning(ty, *id, scope)).collect();
            branches.sort();
            format!("par({})({})", branches.join(","), meaning(ty, *then, scope))
        }
        L::Send(_, rows) => {
            let mut rows: Vec<String> =
                rows.iter().map(|(label, then)| format!("{label}.{}", meaning(ty, *then, scope))).collect();
            rows.sort();
            format!("send({})", rows.join(","))
        }
        _ => "end".to_owned(),
    }
}

/// The type written out as a tree, with names of its own and the branches the other way round.
fn written_out(ty: &LocalType, id: LocalId, scope: &mut Vec<(String, String)>, out: &mut Vec<L>) -> u32 {
    let mut node = ty.node(id).clone();
    if let L::Var(name) = &mut node
        && let Some((_, new)) = scope.iter().rev().find(|(bound, _)| bound == name)
    {
        name.clone_from(new);
    }
    let is_binder = if let L::Rec(name, _) = &mut node {
        let new = format!("N{}", out.len() * 100 + scope.len());
        scope.push((std::mem::replace(name, new.clone()), new));
        true
    } else {
        false
    };
    let parts: Vec<u32> = node.parts().into_iter().map(|part| written_out(ty, LocalId(part), scope, out)).collect();
    node.set_parts(&parts);
    if is_binder {
        scope.pop();
    }
    match &mut node {
        L::Send(_, rows) => rows.reverse(),
        L::Par { branches, .. } => branches.reverse(),
        _ => {}
    }
    out.push(node);
    out.len() as u32 - 1
}

/// A tree of more nodes is not written out.
fn is_small(ty: &LocalType) -> bool {
    let mut sizes: Vec<u64> = Vec::new();
    for node in &ty.nodes {
        sizes.push(1 + node.parts().iter().map(|part| sizes[*part as usize]).sum::<u64>());
    }
    sizes[ty.root.0 as usize] < 2_000
}

proptest! {
    #[test]
    fn two_types_have_one_id_exactly_if_they_mean_the_same(one in any_arena(), two in any_arena()) {
        prop_assume!(is_small(&one) && is_small(&two));
        let is_same = meaning(&one, one.root, &mut Vec::new()) == meaning(&two, two.root, &mut Vec::new());
        prop_assert_eq!(same_local(&one, &two), is_same);
        prop_assert_eq!(canonical_local(&one) == canonical_local(&two), is_same);
    }

    #[test]
    fn an_arena_is_the_tree_it_stands_for(ty in any_arena()) {
        prop_assume!(is_small(&ty));
        let mut nodes = Vec::new();
        written_out(&ty, ty.root, &mut Vec::new(), &mut nodes);
        let tree = local(nodes);
        prop_assert_eq!(canonical_local(&ty), canonical_local(&tree));
        let form = canonical_local(&ty);
        prop_assert_eq!(meaning(&form, form.root, &mut Vec::new()), meaning(&ty, ty.root, &mut Vec::new()));
        prop_assert_eq!(canonical_local(&unfold_local(&ty)), canonical_local(&unfold_local(&tree)));
    }
}
