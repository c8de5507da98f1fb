//! The rules of the structural projection one by one, published types, and what it costs.

use serde_json::Value;
use std::time::{Duration, Instant};
use tell_bridge::import::{json_to_global, json_to_local};
use tell_compiler::structural::{Refusal, Rule, project_tree};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::LocalNode;
use tell_ir::sort::{Label, Sort};
use tell_tests::{notation, root, text_of};

fn role(global: &GlobalType, name: &str) -> u32 {
    let found = global.roles.iter().position(|role| role == name).unwrap_or(global.roles.len());
    u32::try_from(found).expect("few roles")
}

/// The projection as text, or the refusal as text.
fn projection(text: &str, name: &str, rule: Rule) -> String {
    let global = notation::global(text);
    match project_tree(&global, role(&global, name), rule) {
        Ok(local) => notation::local(&local),
        Err(refusal) => refusal.to_string(),
    }
}

/// That both rules give this.
#[track_caller]
fn both(text: &str, name: &str, expected: &str) {
    assert_eq!(projection(text, name, Rule::Plain), expected, "{name} of {text}, plain");
    assert_eq!(projection(text, name, Rule::Full), expected, "{name} of {text}, full");
}

/// That the full rule gives this where the plain rule gives nothing.
#[track_caller]
fn only_full(text: &str, name: &str, expected: &str) {
    let plain = projection(text, name, Rule::Plain);
    assert!(plain.starts_with("cannot merge"), "{name} of {text}, plain: {plain}");
    assert_eq!(projection(text, name, Rule::Full), expected, "{name} of {text}, full");
}

/// That the full rule refuses to merge these.
#[track_caller]
fn refused(text: &str, name: &str, left: &str, right: &str) {
    let plain = projection(text, name, Rule::Plain);
    assert!(plain.starts_with("cannot merge"), "{name} of {text}, plain: {plain}");
    let expected = format!("cannot merge `{left}` with `{right}` by the full rule");
    assert_eq!(projection(text, name, Rule::Full), expected, "{name} of {text}, full");
}

#[test]
fn the_end_projects_to_the_end() {
    both("end", "A", "end");
}

#[test]
fn a_sender_sends_and_a_receiver_receives() {
    let global = "A->B{l(int). B->A m. end, n. end}";
    both(global, "A", "B!{l(int). B?{m. end}, n. end}");
    both(global, "B", "A?{l(int). A!{m. end}, n. end}");
}

#[test]
fn a_role_that_does_not_occur_in_a_closed_subterm_projects_to_the_end() {
    both("rec X. A->B{l. X, m. end}", "C", "end");
    both("A->C l. rec X. A->B{l. X, m. end}", "C", "A?{l. end}");
    both("choice A{B l. end, D m. end}", "C", "end");
}

#[test]
fn with_a_free_variable_a_role_that_does_not_occur_has_to_merge() {
    refused("rec X. C->A k. A->B{l. X, m. end}", "C", "X", "end");
}

#[test]
fn a_recursion_is_projected_under_its_binder() {
    both("rec X. A->B l. B->C m. X", "C", "rec X. B?{m. X}");
}

#[test]
fn a_binder_without_its_variable_is_dropped() {
    both("rec X. A->B l. end", "A", "B!{l. end}");
    both("rec X. A->B l. rec Y. A->B m. X", "A", "rec X. B!{l. B!{m. X}}");
    both("rec X. A->B l. rec Y. A->B m. rec Z. B->A{n. X, o. Z}", "A", "rec X. B!{l. B!{m. rec X1. B?{n. X, o. X1}}}");
}

#[test]
fn a_recursion_that_only_repeats_itself_is_the_end() {
    // behind the scope, which the role does not enter, nothing but the variable is left of a body that is not closed
    both("rec Y. C->A k. rec X. timed A{A->B{l. Y}}. X", "C", "A!{k. end}");
    both("rec X. A->B l. rec Y. A->B m. X", "C", "end");
}

#[test]
fn others_get_the_merge_of_the_continuations() {
    both("A->B{l. A->C n. end, m. A->C n. end}", "C", "A?{n. end}");
    both("rec X. C->A k. A->B{l. X, m. X}", "C", "rec X. A!{k. X}");
}

#[test]
fn types_are_equal_up_to_bound_names_and_branch_order() {
    let left = "rec X. B->C{n. X, o. end}";
    let right = "rec Y. B->C{o. end, n. Y}";
    both(&format!("A->B{{l. {left}, m. {right}}}"), "C", "rec X. B?{n. X, o. end}");
}

#[test]
fn branches_are_printed_as_they_were_seen_first() {
    let global = notation::global("A->B{l. B->C{o. B->C n. end, n. end}, m. B->C{p. end, n. end}}");
    let local = project_tree(&global, role(&global, "C"), Rule::Full).expect("receives merge");
    let LocalNode::Recv(_, rows) = local.node(local.root) else { panic!("{local}") };
    let names: Vec<&str> = rows.iter().map(|(label, _)| label.name.as_str()).collect();
    assert_eq!(names, ["o", "n", "p"]);
}

#[test]
fn receives_from_one_partner_unite_their_labels() {
    only_full("A->B{l. B->C n. end, m. B->C o. end}", "C", "B?{n. end, o. end}");
}

#[test]
fn receives_from_two_partners_do_not_merge() {
    refused("A->B{l. B->C n. end, m. A->C n. end}", "C", "B?{n}", "A?{n}");
}

#[test]
fn common_labels_of_receives_have_equal_sorts() {
    refused("A->B{l. B->C n(int). end, m. B->C n(bool). end}", "C", "B?{n(Int)}", "B?{n(Bool)}");
}

#[test]
fn continuations_of_common_labels_merge() {
    only_full("A->B{l. B->C n. B->C o. end, m. B->C n. B->C p. end}", "C", "B?{n. B?{o. end, p. end}}");
    refused("A->B{l. B->C n. B->C o. end, m. B->C n. end}", "C", "B?{o}", "end");
}

#[test]
fn sends_with_the_same_labels_merge_pairwise() {
    let left = "C->D{n. D->C k. end, o. end}";
    let right = "C->D{o. end, n. D->C l. end}";
    only_full(&format!("A->B{{l. {left}, m. {right}}}"), "C", "D!{n. D?{k. end, l. end}, o. end}");
}

#[test]
fn sends_with_other_labels_do_not_merge() {
    refused("A->B{l. C->D n. end, m. C->D{n. end, o. end}}", "C", "D!{n}", "D!{n, o}");
    refused("A->B{l. C->D n. end, m. C->D o. end}", "C", "D!{n}", "D!{o}");
}

#[test]
fn sends_of_other_sorts_do_not_merge() {
    refused("A->B{l. C->D n. end, m. C->D n(int). end}", "C", "D!{n}", "D!{n(Int)}");
}

#[test]
fn sends_to_two_partners_do_not_merge() {
    refused("A->B{l. C->D n. end, m. C->A n. end}", "C", "D!{n}", "A!{n}");
}

#[test]
fn a_send_does_not_merge_with_a_receive() {
    refused("A->B{l. C->D n. end, m. D->C n. end}", "C", "D!{n}", "D?{n}");
}

#[test]
fn binders_merge_under_one_variable() {
    let global = "A->B{l. rec X. B->C{n. X, k. end}, m. rec Y. B->C{o. Y, k. end}}";
    only_full(global, "C", "rec X. B?{k. end, n. X, o. X}");
}

#[test]
fn a_binder_does_not_merge_with_its_body() {
    refused("A->B{l. rec X. B->C{n. X, k. end}, m. B->C k. end}", "C", "rec X", "B?{k}");
}

#[test]
fn the_end_merges_with_the_end_only() {
    refused("A->B{l. end, m. B->C n. end}", "C", "end", "B?{n}");
}

#[test]
fn different_variables_do_not_merge() {
    refused("rec X. C->A k. rec Y. C->B k. A->B{l. X, m. Y}", "C", "X1", "X");
}

#[test]
fn a_choice_among_receivers_is_refused_where_the_role_takes_part() {
    let global = "choice A{B l. B->C n. end, C m. end}";
    for name in ["A", "B", "C"] {
        both(global, name, "the choice of `A` among several receivers has no structural rule");
    }
}

#[test]
fn a_choice_with_one_receiver_is_a_communication() {
    let global = "choice A{B l. B->C n. end, B m. B->C n. end}";
    both(global, "A", "B!{l. end, m. end}");
    both(global, "B", "A?{l. C!{n. end}, m. C!{n. end}}");
    both(global, "C", "B?{n. end}");
}

#[test]
fn a_decider_of_a_case_has_its_arms() {
    both("case A B{x. A->B l. end, y. end}", "A", "case {x. B!{l. end}, y. end}");
    both("case A B{x. A->B l. end, y. A->B l. end}", "A", "B!{l. end}");
}

#[test]
fn others_merge_the_arms_of_a_case() {
    only_full("case A B{x. B->C l. end, y. B->C m. end}", "C", "B?{l. end, m. end}");
    refused("case A B{x. B->C l. end, y. end}", "C", "B?{l}", "end");
}

#[test]
fn cases_merge_only_if_they_are_equal() {
    both(
        "A->B{l. case C{x. C->D k. end, y. end}, m. case C{y. end, x. C->D k. end}}",
        "C",
        "case {x. D!{k. end}, y. end}",
    );
    refused("A->B{l. case C{x. D->C k. end, y. end}, m. case C{x. D->C n. end, y. end}}", "C", "D?{k}", "D?{n}");
}

#[test]
fn two_parallel_branches_stay_parallel() {
    let global = "par{A->B l. end | A->C m. end | B->C n. end}. A->B o. end";
    both(global, "A", "par{B!{l. end} | C!{m. end}}. B!{o. end}");
    both("par{A->B l. end | A->C m. end}. end", "A", "par{B!{l. end} | C!{m. end}}. end");
}

#[test]
fn one_parallel_branch_is_that_branch() {
    both("par{A->B l. end | A->C m. end}. end", "B", "A?{l. end}");
}

#[test]
fn one_parallel_branch_and_what_follows_are_one_after_the_other() {
    let global = "par{A->B{l. end, m. B->A n. end} | C->D o. end}. A->B p. end";
    both(global, "B", "A?{l. A?{p. end}, m. A!{n. A?{p. end}}}");
}

#[test]
fn what_follows_a_branch_is_out_of_reach_of_its_binders() {
    let global = "rec X. A->B k. par{rec X. A->B{l. X, m. end} | C->D o. end}. A->B{p. X, q. end}";
    both(global, "B", "rec X. A?{k. rec X1. A?{l. X1, m. A?{p. X, q. end}}}");
}

#[test]
fn what_follows_a_branch_does_not_follow_what_is_inside_its_own_branches() {
    let global = "par{par{A->B l. end | A->C m. end}. end | D->E o. end}. A->B p. end";
    both(global, "A", "par{B!{l. end} | C!{m. end}}. B!{p. end}");
}

#[test]
fn without_a_parallel_branch_it_is_what_follows() {
    both("par{A->B l. end | B->A m. end}. A->C n. end", "C", "A?{n. end}");
}

#[test]
fn parallel_types_merge_only_if_they_are_equal() {
    let par = |label: &str| format!("par{{C->A {label}. end | C->B m. end}}. end");
    both(&format!("A->B{{l. {}, m. {}}}", par("k"), par("k")), "C", "par{A!{k. end} | B!{m. end}}. end");
    refused(&format!("A->B{{l. {}, m. {}}}", par("k"), par("o")), "C", "A!{k}", "A!{o}");
}

#[test]
fn a_scope_is_entered_by_the_roles_that_act_in_it() {
    let global = "timed D{A->B l. end on timeout B->C m. end}. A->E n. end";
    both(global, "A", "timed D{B!{l. end} on timeout end}. E!{n. end}");
    both(global, "C", "timed D{end on timeout B?{m. end}}. end");
    both(global, "E", "A?{n. end}");
    both(global, "D", "end");
}

#[test]
fn scopes_merge_only_if_they_are_equal() {
    let timed = |label: &str| format!("timed A{{B->C {label}. end on timeout end}}. end");
    both(&format!("A->B{{l. {}, m. {}}}", timed("k"), timed("k")), "C", "timed A{B?{k. end} on timeout end}. end");
    refused(&format!("A->B{{l. {}, m. {}}}", timed("k"), timed("o")), "C", "B?{k}", "B?{o}");
}

#[test]
fn a_refusal_names_its_rule_and_the_first_difference() {
    let global = "A->B{l. B->C n. B->C{o. end, p. end}, m. B->C n. end}";
    assert_eq!(projection(global, "C", Rule::Plain), "cannot merge `B?{o, p}` with `end` by the plain rule");
    let unbound = notation::global("A->B l. X");
    assert_eq!(project_tree(&unbound, 0, Rule::Full), Err(Refusal::Unbound("X".to_owned())));
}

#[test]
fn ill_formed_types_do_not_stop_the_compiler() {
    let end = GlobalId(0);
    let odd = [
        GlobalNode::Case { deciders: vec![0], branches: Vec::new() },
        GlobalNode::Choice { decider: 0, branches: Vec::new() },
        GlobalNode::Par { branches: Vec::new(), then: end },
        GlobalNode::Timed { owner: 9, body: end, outcomes: Vec::new(), then: end },
        comm(0, 0, Vec::new()),
        comm(8, 9, vec![(label(0), end), (label(0), end)]),
    ];
    for node in odd {
        let text = format!("{node:?}");
        let around = |branches| comm(0, 1, branches);
        let nodes = vec![GlobalNode::End, node, around(vec![(label(0), GlobalId(1)), (label(0), end)])];
        let global = GlobalType { roles: vec!["A".to_owned()], nodes, root: GlobalId(2) };
        for role in 0..10 {
            let found = [Rule::Plain, Rule::Full].map(|rule| project_tree(&global, role, rule).is_ok());
            assert!(found[1] || !found[0], "{role} of {text}");
        }
    }
}

fn corpus() -> Vec<Value> {
    let text = text_of(&root().join("tests/corpus/bridge/projection.json"));
    serde_json::from_str(&text).expect("the corpus is JSON")
}

#[test]
fn published_types_project_as_their_source_says() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for entry in corpus() {
        let name = entry["name"].as_str().expect("a name");
        let rung = entry["rung"].as_str().expect("a rung");
        let json = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] }).to_string();
        let global = json_to_global(&json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let all = |rule| (0u32..).zip(&global.roles).all(|(role, _)| project_tree(&global, role, rule).is_ok());
        let found = (all(Rule::Plain), all(Rule::Full));
        let expected = match rung {
            "plain" => (true, true),
            "full" => (false, true),
            "coinductive" | "complete" => (false, false),
            _ => continue,
        };
        if found != expected {
            wrong.push(format!("{name}: rung {rung}, plain and full: {found:?}"));
        }
        let Some(locals) = entry["locals"].as_object() else { continue };
        for (owner, local) in locals {
            let expected = notation::local(&json_to_local(&local.to_string()).expect("a local type"));
            let found = project_tree(&global, role(&global, owner), Rule::Full);
            let found = found.map_or_else(|refusal| refusal.to_string(), |local| notation::local(&local));
            compared += 1;
            if found != expected {
                wrong.push(format!("{name}, {owner}:\n  {found}\n  {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 60, "{compared} local types compared");
}

fn comm(sender: u32, receiver: u32, branches: Vec<(Label, GlobalId)>) -> GlobalNode {
    GlobalNode::Comm { sender, receiver, branches }
}

fn label(at: usize) -> Label {
    Label { name: format!("l{at}"), sort: Sort::Unit }
}

fn id(at: usize) -> GlobalId {
    GlobalId(u32::try_from(at).expect("fewer than 2^32 nodes"))
}

fn type_of(nodes: Vec<GlobalNode>) -> GlobalType {
    let root = id(nodes.len() - 1);
    GlobalType { roles: ["A", "B", "C"].map(str::to_owned).into(), nodes, root }
}

/// A choice among `count` branches, each with its own message to `C`.
fn wide(count: usize) -> GlobalType {
    let mut nodes = vec![GlobalNode::End];
    nodes.extend((0..count).map(|at| comm(1, 2, vec![(label(at), id(0))])));
    nodes.push(comm(0, 1, (0..count).map(|at| (label(at), id(at + 1))).collect()));
    type_of(nodes)
}

/// `count` choices between a message to `C` and the next choice.
fn comb(count: usize) -> GlobalType {
    let mut nodes = vec![GlobalNode::End, comm(1, 2, vec![(label(count), id(0))])];
    for at in 0..count {
        let next = nodes.len() - 1;
        nodes.push(comm(1, 2, vec![(label(at), id(0))]));
        nodes.push(comm(0, 1, vec![(label(0), id(next + 1)), (label(1), id(next))]));
    }
    type_of(nodes)
}

/// `count` choices in a row whose branches join, all in a loop; as a tree it has `2^count` leaves.
fn ladder(count: usize) -> GlobalType {
    let mut nodes = vec![GlobalNode::Var("X".to_owned())];
    for at in 0..count {
        nodes.push(comm(2, 0, vec![(label(at), id(2 * at))]));
        nodes.push(comm(0, 1, vec![(label(0), id(2 * at + 1)), (label(1), id(2 * at + 1))]));
    }
    nodes.push(GlobalNode::Rec("X".to_owned(), id(2 * count)));
    type_of(nodes)
}

/// A chain of `count` messages in a loop that the receiver may leave at every message.
fn chain(count: usize) -> GlobalType {
    let mut nodes = vec![GlobalNode::Var("X".to_owned())];
    nodes.extend((0..count).map(|at| comm(at as u32 % 2, 1 + at as u32 % 2, vec![(label(at % 5), id(at))])));
    nodes.push(GlobalNode::Rec("X".to_owned(), id(count)));
    type_of(nodes)
}

/// Two chains of `count` messages to `C` that differ at the end.
fn long_merge(count: usize) -> GlobalType {
    let mut nodes = vec![GlobalNode::End];
    let mut starts = Vec::new();
    for end in 0..2 {
        nodes.push(comm(1, 2, vec![(label(end), id(0))]));
        for _ in 0..count {
            let next = nodes.len() - 1;
            nodes.push(comm(1, 2, vec![(label(2), id(next))]));
        }
        starts.push((label(end), id(nodes.len() - 1)));
    }
    nodes.push(comm(0, 1, starts));
    type_of(nodes)
}

/// The shortest of some runs; the number of nodes of the result.
#[allow(clippy::disallowed_methods, reason = "this is a measurement")]
fn measured(global: &GlobalType, role: u32, runs: usize) -> (Duration, usize) {
    let run = |_| {
        let start = Instant::now();
        let local = project_tree(global, role, Rule::Full).expect("a type that projects");
        (start.elapsed(), local.nodes.len())
    };
    (0..runs).map(run).min().expect("at least one run")
}

#[test]
fn cost_grows_with_the_type() {
    type Family = (&'static str, fn(usize) -> GlobalType, usize);
    let families: [Family; 5] = [
        ("wide", wide, 100_000),
        ("comb", comb, 100_000),
        ("ladder", ladder, 100_000),
        ("chain", chain, 1_000_000),
        ("long merge", long_merge, 200_000),
    ];
    for (name, family, count) in families {
        let (small, large) = (measured(&family(count / 10), 2, 3), measured(&family(count), 2, 1));
        println!("{name} {count}: {:?}, ten times smaller {:?}; {} nodes", large.0, small.0, large.1);
        // what is quadratic takes minutes; the machine may do other things as well
        assert!(large.0 < Duration::from_secs(20), "{name}: {:?}", large.0);
    }
}

#[test]
fn what_would_take_too_long_is_refused() {
    // merging n chains of choices where chain i forgets all but the i-th choice: exponentially many results
    let count = 40;
    let mut nodes = vec![GlobalNode::End];
    let mut starts = Vec::new();
    for own in 0..count {
        nodes.push(comm(1, 2, vec![(label(2 * own), id(0))]));
        nodes.push(comm(1, 2, vec![(label(2 * own + 1), id(0))]));
        let (mut zero, mut one) = (nodes.len() - 2, nodes.len() - 1);
        for step in (0..count).rev() {
            let choice = |zero, one| comm(1, 2, vec![(label(0), id(zero)), (label(1), id(one))]);
            let next = nodes.len();
            if step == own {
                nodes.push(choice(zero, one));
                (zero, one) = (next, next);
            } else if step > own {
                nodes.extend([choice(zero, zero), choice(one, one)]);
                (zero, one) = (next, next + 1);
            } else {
                nodes.push(choice(zero, zero));
                (zero, one) = (next, next);
            }
        }
        starts.push((label(own), id(zero.max(one))));
    }
    nodes.push(comm(0, 1, starts));
    assert_eq!(project_tree(&type_of(nodes), 2, Rule::Full), Err(Refusal::TooLarge));
}
