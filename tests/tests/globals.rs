//! The generator of global types makes what it promises: well-formed types of every kind, half of them implementable.

use std::collections::BTreeSet;
use tell_compiler::pipeline;
use tell_compiler::project::Limits;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_tests::globals::{MAX_NODES, Shape, global, shrink, with};

const ALL: Shape = Shape { choice: true, par: true };

/// What is wrong with a type, by the list of PROJECTION §1.
fn fault(global: &GlobalType) -> Option<String> {
    let order = global.nodes.iter().enumerate().all(|(at, node)| children(node).iter().all(|id| (id.0 as usize) < at));
    if !order || global.nodes.len() > MAX_NODES {
        return Some(format!("{} nodes, children first: {order}", global.nodes.len()));
    }
    let mut pairs = Vec::new();
    for node in &global.nodes {
        let mut own = BTreeSet::new();
        match node {
            GlobalNode::Comm { sender, receiver, branches } => {
                let names: BTreeSet<_> = branches.iter().map(|(label, _)| &label.name).collect();
                if sender == receiver || names.len() != branches.len() || names.is_empty() {
                    return Some(format!("{node:?}"));
                }
                own.insert((*sender, *receiver));
            }
            GlobalNode::Choice { decider, branches } => {
                let names: BTreeSet<_> = branches.iter().map(|(to, label, _)| (to, &label.name)).collect();
                if names.len() != branches.len() || names.is_empty() || names.iter().any(|(to, _)| *to == decider) {
                    return Some(format!("{node:?}"));
                }
                own.extend(branches.iter().map(|(to, _, _)| (*decider, *to)));
            }
            _ => {}
        }
        let below: Vec<&BTreeSet<_>> = children(node).iter().map(|id| &pairs[id.0 as usize]).collect();
        if let GlobalNode::Par { branches, .. } = node {
            let all: BTreeSet<_> = below[..branches.len()].iter().copied().flatten().collect();
            if all.len() != below[..branches.len()].iter().map(|set| set.len()).sum::<usize>() {
                return Some("parallel branches share a pair".into());
            }
        }
        let mut all: BTreeSet<(u32, u32)> = below.into_iter().flatten().copied().collect();
        all.extend(own);
        pairs.push(all);
    }
    scope_fault(global, global.root, &[])
}

/// A variable that is unbound or unguarded; binders come with whether a communication lies between.
fn scope_fault(global: &GlobalType, id: GlobalId, binders: &[(String, bool)]) -> Option<String> {
    let node = global.node(id);
    let mut inner = binders.to_vec();
    match node {
        GlobalNode::Var(name) => match binders.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, true)) => return None,
            _ => return Some(format!("`{name}` is unbound or unguarded")),
        },
        GlobalNode::Rec(name, _) => inner.push((name.clone(), false)),
        GlobalNode::Comm { .. } | GlobalNode::Choice { .. } => inner.iter_mut().for_each(|binder| binder.1 = true),
        GlobalNode::Par { branches, then } => {
            let branch = branches.iter().find_map(|branch| scope_fault(global, *branch, &[]));
            return branch.or_else(|| scope_fault(global, *then, binders));
        }
        _ => {}
    }
    children(node).into_iter().find_map(|child| scope_fault(global, child, &inner))
}

fn children(node: &GlobalNode) -> Vec<GlobalId> {
    match node {
        GlobalNode::Rec(_, body) => vec![*body],
        GlobalNode::Comm { branches, .. } => branches.iter().map(|(_, rest)| *rest).collect(),
        GlobalNode::Choice { branches, .. } => branches.iter().map(|(_, _, rest)| *rest).collect(),
        GlobalNode::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
        _ => Vec::new(),
    }
}

fn share(cases: &[GlobalType], holds: impl Fn(&GlobalType) -> bool) -> usize {
    100 * cases.iter().filter(|global| holds(global)).count() / cases.len()
}

fn has(global: &GlobalType, is: impl Fn(&GlobalNode) -> bool) -> bool {
    global.nodes.iter().any(is)
}

fn nested_binders(global: &GlobalType) -> bool {
    let mut below = vec![0usize; global.nodes.len()];
    for (at, node) in global.nodes.iter().enumerate() {
        let deepest = children(node).iter().map(|id| below[id.0 as usize]).max().unwrap_or(0);
        below[at] = deepest + usize::from(matches!(node, GlobalNode::Rec(..)));
    }
    below[global.root.0 as usize] > 1
}

fn is_implementable(global: &GlobalType) -> bool {
    !pipeline::check_global("generated", "", global, &[], Limits::default()).has_errors()
}

#[test]
fn generated_types_are_well_formed() {
    for seed in 0..20_000 {
        let shape = Shape { choice: seed % 2 == 1, par: seed % 4 > 1 };
        let global = with(seed, shape);
        assert_eq!(fault(&global), None, "seed {seed}: {global}");
    }
}

#[test]
fn generated_types_cover_what_projection_is_about() {
    let cases: Vec<GlobalType> = (0..2_000).map(global).collect();
    let with_extensions: Vec<GlobalType> = (0..2_000).map(|seed| with(seed, ALL)).collect();
    let is_comm = |least: usize| move |node: &GlobalNode| matches!(node, GlobalNode::Comm { branches, .. } if branches.len() >= least);
    let shares = [
        ("implementable", share(&cases, is_implementable), 40, 70),
        ("at least 3 roles", share(&cases, |global| global.roles.len() >= 3), 70, 95),
        ("at least 10 nodes", share(&cases, |global| global.nodes.len() >= 10), 50, 90),
        ("a variable", share(&cases, |global| has(global, |node| matches!(node, GlobalNode::Var(_)))), 40, 80),
        ("nested binders", share(&cases, nested_binders), 15, 60),
        ("two branches", share(&cases, |global| has(global, is_comm(2))), 60, 95),
        ("three branches", share(&cases, |global| has(global, is_comm(3))), 10, 50),
        ("a choice", share(&with_extensions, |g| has(g, |n| matches!(n, GlobalNode::Choice { .. }))), 30, 80),
        ("a par", share(&with_extensions, |g| has(g, |n| matches!(n, GlobalNode::Par { .. }))), 30, 80),
    ];
    shares.iter().for_each(|(what, share, _, _)| println!("{what}: {share} %"));
    for (what, share, least, most) in shares {
        assert!((least..=most).contains(&share), "{what}: {share} %, wanted {least} to {most}");
    }
}

#[test]
fn types_do_not_change_with_the_day() {
    assert!((0..200).all(|seed| with(seed, ALL) == with(seed, ALL)));
    assert!(
        (0..200).all(|seed| !has(&global(seed), |n| matches!(n, GlobalNode::Choice { .. } | GlobalNode::Par { .. })))
    );
}

#[test]
fn shrinking_keeps_the_failure_and_the_form() {
    for seed in 0..300 {
        let found = with(seed, ALL);
        let fails = |global: &GlobalType| has(global, |node| matches!(node, GlobalNode::Var(_)));
        if fails(&found) {
            let small = shrink(&found, &fails);
            assert_eq!(fault(&small), None, "seed {seed}: {small}");
            assert_eq!((small.nodes.len(), small.roles.len()), (3, 2), "seed {seed}: {small}");
        }
    }
}
