//! The projection is sound and, without `par`, complete: generated types and their mutants, shown with the explorer; and
//! what share of rejected types comes with a repair.

use serde_json::Value;
use std::collections::BTreeMap;
use tell_bridge::export::global_with_roles_to_json;
use tell_bridge::import::{json_to_global, json_to_global_with_places};
use tell_compiler::pipeline;
use tell_compiler::project::Limits;
use tell_ir::global::{GlobalNode, GlobalType};
use tell_tests::globals::{Shape, global, with};
use tell_tests::notation;
use tell_tests::numbers::Numbers;
use tell_tests::projected::is_ill_formed;
use tell_tests::soundness::{Effort, Tally, examine, examine_all, rejected_by};
use tell_tests::{root, text_of};

/// Every hundredth type is looked at thoroughly.
fn effort(seed: u64) -> Effort {
    if seed.is_multiple_of(100) { Effort::LARGE } else { Effort::SMALL }
}

fn examined(seeds: u64, make: impl Fn(u64) -> GlobalType + Sync) -> Tally {
    let tally = examine_all(0..seeds, make, effort);
    println!("{}", tally.shown());
    assert!(
        tally.wrong.is_empty(),
        "{} of {seeds}:\n{}",
        tally.wrong.len(),
        tally.wrong[..tally.wrong.len().min(5)].join("\n")
    );
    tally
}

#[test]
fn core_types_are_accepted_exactly_if_they_can_be_carried_out() {
    let found = examined(60_000, global);
    assert!(found.of("accepted") > 30_000 && found.of("rejected") > 15_000);
}

#[test]
fn types_with_choice_are_accepted_exactly_if_they_can_be_carried_out() {
    let found = examined(20_000, |seed| with(seed, Shape { choice: true, par: false }));
    assert!(found.of("accepted") > 10_000 && found.of("rejected") > 5_000);
}

#[test]
fn accepted_types_with_par_can_be_carried_out() {
    let found = examined(20_000, |seed| with(seed, Shape { choice: seed.is_multiple_of(2), par: true }));
    assert!(found.of("accepted") > 7_000);
}

/// What was found with the generated types, made small.
#[test]
fn types_that_were_judged_wrongly_are_judged_rightly() {
    let cases = [
        // A word has to say what was decided, even if nobody took the message yet.
        ("choice B{A k. B->C{p. B->A l. end, q. C->A m. end}, C l. A->C o. A->C n. end}", false),
        // The local types of a `par` have the branches in which a role acts.
        ("par{choice C{B q. end} | D->B l. end | end}. end", true),
        // It waits in one branch while it goes on in another.
        ("par{A->B{q. B->C l. end, k. end} | rec X. B->A m. A->C q. C->B q. X}. end", true),
        // One may wait for ever.
        ("A->B{m. B->C n. end, o. end}", true),
    ];
    for (text, accepted) in cases {
        let global = notation::global(text);
        assert_eq!(examine(&global, Effort::LARGE, &mut Tally::default()), Ok(()), "{text}");
        assert_eq!(rejected_by(&global).is_none(), accepted, "{text}");
    }
}

/// Roles outside a `par`, or done with their branches, go on as if it always ended.
#[test]
fn nothing_follows_a_par_that_may_never_end_for_who_may_stay_in_it() {
    const LOOP: &str = "A->C{o. rec Z. C->A p. A->C q. Z, p. end}";
    for text in [format!("par{{{LOOP}}}. D->C l. end"), format!("par{{D->B m. end | {LOOP}}}. D->C l. end")] {
        assert!(is_ill_formed(&text), "{text}");
    }
    assert!(!is_ill_formed(&format!("par{{{LOOP}}}. D->B l. end")));
}

/// A change of one node.
#[derive(Clone, Copy)]
enum Mutation {
    /// The sender becomes the receiver.
    Swap,
    /// The message is not sent.
    Drop,
    /// The first label gets another name.
    Rename,
}

/// The type with one message changed; which one and how depends on the seed.
fn mutant(global: &GlobalType, seed: u64) -> GlobalType {
    let mut numbers = Numbers::new(seed);
    let mut mutant = global.clone();
    let is_message = |node: &GlobalNode| matches!(node, GlobalNode::Comm { .. });
    let messages: Vec<usize> = (0..global.nodes.len()).filter(|at| is_message(&global.nodes[*at])).collect();
    if messages.is_empty() {
        return mutant;
    }
    let at = *numbers.pick(&messages);
    let mutation = *numbers.pick(&[Mutation::Swap, Mutation::Drop, Mutation::Rename]);
    let GlobalNode::Comm { sender, receiver, branches } = &mut mutant.nodes[at] else { return mutant };
    match mutation {
        Mutation::Swap => std::mem::swap(sender, receiver),
        Mutation::Drop => mutant.nodes[at] = global.node(branches[numbers.below(branches.len())].1).clone(),
        Mutation::Rename => branches[0].0.name = (*numbers.pick(&["k", "l", "m", "zz"])).to_owned(),
    }
    mutant
}

#[test]
fn mutants_of_accepted_types_are_accepted_exactly_if_they_can_be_carried_out() {
    let make = |seed: u64| {
        let accepted =
            (0..).map(|more| global(1_000_000 + 100 * seed + more)).find(|global| rejected_by(global).is_none());
        mutant(&accepted.expect("most types are accepted"), seed)
    };
    let found = examined(10_000, make);
    assert!(found.of("accepted") > 5_000 && found.of("rejected") > 1_000);
}

/// What became of a type that is rejected.
enum Repaired {
    /// The fixes of its first diagnostic repair it.
    Yes,
    /// There are none.
    No,
    /// There are, but what they make is rejected or no type.
    Wrong(String),
}

/// Checks a type read from text, applies the fixes, checks again; with the rule of the first rejection. `None` if it is
/// accepted.
fn repaired(json: &str) -> Option<(String, Repaired)> {
    let rule = format!("{:?}", rejected_by(&json_to_global(json).expect("a type that was written can be read"))?);
    let check = |json: &str| {
        let (global, places) = json_to_global_with_places(json).map_err(|error| error.to_string())?;
        Ok::<_, String>(pipeline::check_global("repaired.json", json, &global, &places, Limits::default()))
    };
    let checked = check(json).expect("a type that was written can be read");
    // The repair is on the first rejection, which need not come first in the text.
    let Some(first) = checked.diagnostics.iter().find(|diagnostic| !diagnostic.fixes.is_empty()) else {
        return Some((rule, Repaired::No));
    };
    let text = pipeline::applied(json, &first.fixes);
    let result = match check(&text) {
        Err(error) => Repaired::Wrong(format!("{error}\n{text}")),
        Ok(again) if again.has_errors() => Repaired::Wrong(format!("{:?}\n{text}", again.diagnostics)),
        Ok(_) => Repaired::Yes,
    };
    Some((rule, result))
}

/// Counts how many of the rejected among these types come with a repair, and requires at least 60 %.
#[track_caller]
fn most_are_repaired(what: &str, types: impl Iterator<Item = (String, String)>, most: usize) {
    let mut shares: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (rule, name, result) in
        types.filter_map(|(name, json)| repaired(&json).map(|(rule, it)| (rule, name, it))).take(most)
    {
        let share = shares.entry(rule.clone()).or_default();
        share[1] += 1;
        match result {
            Repaired::Yes => share[0] += 1,
            Repaired::No => println!("{what}: {rule} without repair: {name}"),
            Repaired::Wrong(why) => wrong.push(format!("{name}: {why}")),
        }
    }
    let [found, all] = shares.values().fold([0, 0], |sum, share| [sum[0] + share[0], sum[1] + share[1]]);
    println!("{what}: {found} of {all} rejected types have a repair, by rule {shares:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found * 100 >= all * 60, "{found} of {all}");
}

#[test]
fn most_published_protocols_that_are_rejected_have_a_repair() {
    let text = text_of(&root().join("tests/corpus/bridge/projection.json"));
    let corpus: Vec<Value> = serde_json::from_str(&text).expect("the corpus is JSON");
    let rejected = corpus.iter().filter(|entry| entry["rung"] == "none");
    let types = rejected.map(|entry| {
        let json = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] }).to_string();
        (entry["name"].as_str().unwrap_or_default().to_owned(), json)
    });
    most_are_repaired("published", types, usize::MAX);
}

#[test]
fn most_generated_types_that_are_rejected_have_a_repair() {
    let types = (0..).map(|seed| (format!("seed {seed}"), global_with_roles_to_json(&global(seed))));
    most_are_repaired("generated", types, 1_000);
}
