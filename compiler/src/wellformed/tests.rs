//! Tests of well-formedness.

use super::*;
use tell_ir::sort::{Label, Sort};

/// Types of roles `A`, `B`, `C`; the last node is the whole.
fn problems(nodes: Vec<GlobalNode>) -> Vec<(u32, String)> {
    let root = GlobalId(nodes.len() as u32 - 1);
    let roles = ["A", "B", "C"].map(str::to_owned).to_vec();
    check(&GlobalType { roles, nodes, root }).into_iter().map(|problem| (problem.node.0, problem.text)).collect()
}

fn label(name: &str) -> Label {
    Label { name: name.to_owned(), sort: Sort::Unit }
}

fn comm(sender: u32, receiver: u32, rows: &[(&str, u32)]) -> GlobalNode {
    let branches = rows.iter().map(|(name, then)| (label(name), GlobalId(*then))).collect();
    GlobalNode::Comm { sender, receiver, branches }
}

fn var(name: &str) -> GlobalNode {
    GlobalNode::Var(name.to_owned())
}

fn rec(name: &str, body: u32) -> GlobalNode {
    GlobalNode::Rec(name.to_owned(), GlobalId(body))
}

fn par(branches: &[u32], then: u32) -> GlobalNode {
    GlobalNode::Par { branches: branches.iter().map(|id| GlobalId(*id)).collect(), then: GlobalId(then) }
}

fn timed(body: u32, outcomes: &[(&str, u32)], then: u32) -> GlobalNode {
    let outcomes = outcomes.iter().map(|(name, block)| ((*name).to_owned(), GlobalId(*block))).collect();
    GlobalNode::Timed { owner: 0, body: GlobalId(body), outcomes, then: GlobalId(then) }
}

fn case(arms: &[u32]) -> GlobalNode {
    let branches = arms.iter().zip(1..).map(|(then, arm)| (format!("Arm{arm}"), GlobalId(*then))).collect();
    GlobalNode::Case { deciders: vec![0, 1], branches }
}

#[track_caller]
fn found(nodes: Vec<GlobalNode>, expected: &[(u32, &str)]) {
    let expected: Vec<(u32, String)> = expected.iter().map(|(node, text)| (*node, (*text).to_owned())).collect();
    assert_eq!(problems(nodes), expected);
}

const UNGUARDED: &str = "the recursion `X` comes back to its start without a communication";
const LEAVES: &str = "recursion variable `X` leaves a branch of a `par` or a block of a `timed`";

#[test]
fn a_well_formed_type_has_no_problems() {
    found(
        vec![
            GlobalNode::End,
            var("X"),
            comm(0, 1, &[("Stop", 0), ("More", 1)]),
            rec("X", 2),
            comm(1, 0, &[("L", 0)]),
            par(&[3, 4], 0),
            timed(4, &[("late", 0), ("lost", 4)], 5),
            case(&[6, 0]),
        ],
        &[],
    );
}

#[test]
fn every_variable_that_is_not_bound_is_reported_where_it_stands() {
    found(
        vec![var("X"), rec("X", 0), var("X"), var("Y"), comm(0, 1, &[("L", 1), ("M", 2), ("N", 3)])],
        &[(0, UNGUARDED), (2, "recursion variable `X` is not bound"), (3, "recursion variable `Y` is not bound")],
    );
}

#[test]
fn a_shared_variable_is_checked_at_every_place() {
    // One `Var` node: bound on the left, guarded on the right, free below.
    let nodes =
        vec![var("X"), rec("X", 0), comm(1, 0, &[("I", 0)]), rec("X", 2), comm(0, 1, &[("L", 1), ("M", 3), ("N", 0)])];
    found(nodes, &[(0, UNGUARDED), (0, "recursion variable `X` is not bound")]);
}

#[test]
fn a_case_does_not_guard_a_recursion_and_a_choice_does() {
    found(vec![GlobalNode::End, var("X"), case(&[0, 1]), rec("X", 2)], &[(1, UNGUARDED)]);
    let choice =
        GlobalNode::Choice { decider: 0, branches: vec![(1, label("L"), GlobalId(0)), (2, label("L"), GlobalId(1))] };
    found(vec![GlobalNode::End, var("X"), choice, rec("X", 2)], &[]);
}

#[test]
fn only_what_always_communicates_guards_what_follows_it() {
    let nodes = |branches: &[u32]| {
        vec![GlobalNode::End, comm(0, 1, &[("L", 0)]), comm(1, 0, &[("L", 0)]), var("X"), par(branches, 3), rec("X", 4)]
    };
    found(nodes(&[1, 2]), &[]);
    found(nodes(&[1, 0]), &[(3, UNGUARDED)]);
    let scope = |late: u32| {
        vec![GlobalNode::End, comm(0, 1, &[("L", 0)]), var("X"), timed(1, &[("late", late)], 2), rec("X", 3)]
    };
    found(scope(1), &[]);
    found(scope(0), &[(2, UNGUARDED)]);
}

#[test]
fn a_variable_may_not_leave_a_branch_or_block() {
    let speaks = || vec![GlobalNode::End, var("X"), comm(0, 1, &[("L", 1)])];
    let with = |node| [speaks(), vec![node, rec("X", 3)]].concat();
    found(with(par(&[2, 0], 0)), &[(1, LEAVES)]);
    found(with(timed(2, &[("late", 0)], 0)), &[(1, LEAVES)]);
    found(with(timed(0, &[("late", 2)], 0)), &[(1, LEAVES)]);
    found(with(par(&[0], 2)), &[]);
    found([speaks(), vec![rec("X", 2), par(&[3, 0], 0)]].concat(), &[]);
}

#[test]
fn branches_are_there_and_distinct() {
    found(vec![comm(0, 1, &[])], &[(0, "a communication has no branches")]);
    found(vec![GlobalNode::Choice { decider: 0, branches: Vec::new() }], &[(0, "a choice has no branches")]);
    found(vec![case(&[])], &[(0, "a case has no branches")]);
    found(vec![GlobalNode::End, par(&[], 0)], &[(1, "a `par` has no branches")]);
    found(
        vec![GlobalNode::End, comm(0, 1, &[("L", 0), ("M", 0), ("L", 0), ("L", 0)])],
        &[(1, "label `L` occurs twice in one choice")],
    );
    let choice = |one: u32| {
        let branches = vec![(1, label("L"), GlobalId(0)), (one, label("L"), GlobalId(0))];
        vec![GlobalNode::End, GlobalNode::Choice { decider: 0, branches }]
    };
    found(choice(2), &[]);
    found(choice(1), &[(1, "label `L` occurs twice in one choice")]);
    found(choice(0), &[(1, "`A` sends a message to itself")]);
    found(
        vec![GlobalNode::End, timed(0, &[("late", 0), ("late", 0)], 0)],
        &[(1, "outcome `late` occurs twice in one `timed`")],
    );
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_text() {
    found(vec![GlobalNode::End, comm(9, 1, &[("L", 0)])], &[(1, "role number 9 is not declared")]);
    found(
        vec![comm(1, 1, &[]), comm(2, 2, &[("N", 0)]), var("Y"), comm(0, 0, &[("L", 1), ("M", 2), ("L", 2)])],
        &[
            (3, "`A` sends a message to itself"),
            (3, "label `L` occurs twice in one choice"),
            (1, "`C` sends a message to itself"),
            (0, "a communication has no branches"),
            (0, "`B` sends a message to itself"),
            (2, "recursion variable `Y` is not bound"),
        ],
    );
}

#[test]
fn parallel_branches_have_no_ordered_pair_in_common() {
    let both = |other: GlobalNode| vec![GlobalNode::End, comm(0, 1, &[("L", 0)]), other, par(&[1, 2], 1)];
    found(both(comm(1, 0, &[("L", 0)])), &[]);
    found(both(comm(0, 1, &[("M", 0)])), &[(3, "two branches of a `par` send from `A` to `B`")]);
    let inner = |branch| {
        vec![
            GlobalNode::End,
            comm(0, 1, &[("L", 0)]),
            comm(0, 2, &[("M", 0)]),
            par(&[1, 2], 0),
            comm(1, 2, &[("N", 3)]),
            par(&[4, branch], 0),
        ]
    };
    found(inner(0), &[]);
    found(inner(2), &[(5, "two branches of a `par` send from `A` to `C`")]);
    found(
        vec![GlobalNode::End, comm(0, 1, &[("L", 0)]), par(&[1, 1], 0)],
        &[(2, "two branches of a `par` send from `A` to `B`")],
    );
}

#[test]
fn a_million_messages_in_a_row_are_checked() {
    let mut nodes = vec![var("X")];
    nodes.extend((0..1_000_000).map(|index| comm(0, 1, &[("L", index)])));
    nodes.push(rec("X", 1_000_000));
    nodes.extend([GlobalNode::End, par(&[1_000_001], 1_000_002)]);
    found(nodes, &[]);
}

#[test]
fn shared_choices_are_checked_once() {
    let mut nodes = vec![var("X")];
    nodes.extend((0..20_000).map(|index| comm(0, 1, &[("L", index), ("M", index)])));
    nodes.push(rec("X", 20_000));
    found(nodes, &[]);
}
