//! Tests of unfolding.

use super::*;
use crate::canonical::{local_id, same_local};
use crate::local::LocalNode as L;
use crate::sort::{Label, Sort};

fn var(name: &str) -> L {
    L::Var(name.to_owned())
}

fn rec(name: &str, body: u32) -> L {
    L::Rec(name.to_owned(), LocalId(body))
}

fn send(rows: &[(&str, u32)]) -> L {
    let label = |name: &str| Label { name: name.to_owned(), sort: Sort::Unit };
    L::Send("B".to_owned(), rows.iter().map(|(name, then)| (label(name), LocalId(*then))).collect())
}

fn local(nodes: Vec<L>) -> LocalType {
    LocalType { root: LocalId(nodes.len() as u32 - 1), nodes }
}

#[test]
fn the_variable_becomes_the_recursion() {
    let ty = local(vec![L::End, var("X"), send(&[("Stop", 0), ("More", 1)]), rec("X", 2)]);
    let expected = "+{\n  B!Stop.\n    end\n  B!More.\n    rec X.\n    +{\n      B!Stop.\n        end\n      \
                    B!More.\n        X\n    }\n}";
    assert_eq!(unfold_local(&ty).to_string(), expected);
}

#[test]
fn only_the_copy_is_new() {
    let mut nodes = vec![L::End];
    nodes.extend((0..100).map(|index| send(&[("L", index)])));
    nodes.extend([var("X"), send(&[("A", 100), ("B", 101)]), rec("X", 102)]);
    let ty = local(nodes);
    assert_eq!(unfold_local(&ty).nodes.len(), ty.nodes.len() + 1);
    assert_eq!(unfold_local(&ty).nodes[..ty.nodes.len()], ty.nodes);
}

#[test]
fn an_inner_binder_of_the_same_name_keeps_its_variable() {
    let ty = local(vec![var("X"), send(&[("I", 0)]), rec("X", 1), var("X"), send(&[("L", 2), ("M", 3)]), rec("X", 4)]);
    let unfolded = unfold_local(&ty);
    let expected = local(vec![
        var("X"),
        send(&[("I", 0)]),
        rec("X", 1),
        var("Y"),
        send(&[("L", 2), ("M", 3)]),
        rec("Y", 4),
        send(&[("L", 2), ("M", 5)]),
    ]);
    assert!(same_local(&unfolded, &expected), "{unfolded}");
}

#[test]
fn what_does_not_start_with_a_recursion_stays() {
    let ty = local(vec![var("X"), send(&[("L", 0)])]);
    assert_eq!(unfold_local(&ty), ty);
    let itself = local(vec![var("X"), rec("X", 0)]);
    assert!(same_local(&unfold_local(&itself), &itself));
}

#[test]
fn an_unused_binder_goes() {
    let ty = local(vec![L::End, send(&[("L", 0)]), rec("X", 1)]);
    assert!(same_local(&unfold_local(&ty), &local(vec![L::End, send(&[("L", 0)])])));
}

#[test]
fn free_variables_are_not_captured() {
    // μX. L. μY. +{ A. X, B. Y }, M. Y with the last Y free.
    let ty = local(vec![
        var("X"),
        var("Y"),
        send(&[("A", 0), ("B", 1)]),
        rec("Y", 2),
        send(&[("L", 3), ("M", 1)]),
        rec("X", 4),
    ]);
    let expected = local(vec![
        var("P"),
        var("Q"),
        var("Y"),
        send(&[("A", 0), ("B", 1)]),
        rec("Q", 3),
        send(&[("L", 4), ("M", 2)]),
        rec("P", 5),
        send(&[("A", 6), ("B", 1)]),
        rec("Q", 7),
        send(&[("L", 8), ("M", 2)]),
    ]);
    assert!(same_local(&unfold_local(&ty), &expected), "{}", unfold_local(&ty));
}

#[test]
fn unfolding_again_and_again_stays_small() {
    let mut ty = local(vec![var("X"), send(&[("A", 0), ("B", 0)]), rec("X", 1), rec("Y", 2)]);
    let ids: Vec<_> = (0..5)
        .map(|_| {
            ty = unfold_local(&ty);
            local_id(&ty)
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert!(ids[1..].iter().all(|id| *id == ids[1]));
    assert!(ty.nodes.len() < 10);
}

#[test]
fn a_million_messages_in_a_row_unfold() {
    let mut nodes = vec![var("X")];
    nodes.extend((0..1_000_000).map(|index| send(&[("L", index)])));
    nodes.push(rec("X", 1_000_000));
    assert_eq!(unfold_local(&local(nodes)).nodes.len(), 2_000_002);
}

#[test]
fn global_types_unfold_too() {
    use crate::global::{GlobalNode, GlobalType};
    let label = Label { name: "L".to_owned(), sort: Sort::Int };
    let comm = |then| GlobalNode::Comm { sender: 0, receiver: 1, branches: vec![(label.clone(), GlobalId(then))] };
    let ty = GlobalType {
        roles: vec!["A".to_owned(), "B".to_owned()],
        nodes: vec![GlobalNode::Var("X".to_owned()), comm(0), GlobalNode::Rec("X".to_owned(), GlobalId(1))],
        root: GlobalId(2),
    };
    assert_eq!(unfold(&ty).to_string(), "A -> B : L(Int).\nrec X.\nA -> B : L(Int).\nX");
}
