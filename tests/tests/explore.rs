//! The composition of the machines does what the projection promises: on published protocols, on the corpus and the
//! examples. `projection.json` also says how long channels get and who may wait for ever.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use std::path::Path;
use tell_bridge::import::json_to_global;
use tell_compiler::explore::{Bounds, Exploration, diagram, explore, sentence};
use tell_compiler::pipeline::{self, Checked, Projected};
use tell_compiler::project::Limits;
use tell_compiler::project::machine::{Kind, State};
use tell_tests::generate::program;
use tell_tests::notation;
use tell_tests::program::check;
use tell_tests::verdict::Verdict;
use tell_tests::{files, root, text_of};

fn explored(checked: &Checked, projected: &Projected, bounds: Bounds) -> Exploration {
    explore(&checked.program, &projected.graph, &projected.projection.machines, bounds)
}

/// What went wrong, drawn.
fn complaint(projected: &Projected, found: &Exploration) -> Option<String> {
    let problem = found.problem.as_ref()?;
    Some(format!("{}{}", diagram(&projected.graph, &problem.run), sentence(&projected.graph, problem)))
}

#[test]
fn published_protocols_explore_as_their_source_says() {
    let corpus: Vec<Value> = serde_json::from_str(&text_of(&root().join("tests/corpus/bridge/projection.json")))
        .expect("the corpus is JSON");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in &corpus {
        let name = entry["name"].as_str().expect("every entry has a name");
        let json = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] }).to_string();
        let global = json_to_global(&json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let checked = pipeline::check_global(name, "", &global, &[], Limits::default());
        let Some(projected) = checked.projected.first() else { continue };
        count += 1;
        let found = explored(&checked, projected, Bounds::default());
        if let Some(complaint) = complaint(projected, &found) {
            wrong.push(format!("{name}:\n{complaint}"));
        }
        let longest = found.queue_bound.filter(|bound| *bound <= 5);
        // Where nothing is known of a `par`, a bound that was found is not a contradiction.
        let is_open = entry["max_queue"].is_null() && json.contains("\"par\"");
        if !is_open && longest.map(u64::from) != entry["max_queue"].as_u64() {
            wrong.push(format!("{name}: channels up to {:?}, not {}", found.queue_bound, entry["max_queue"]));
        }
        if let Some(clean) = entry["clean_termination"].as_bool()
            && found.may_wait.is_empty() != clean
        {
            wrong.push(format!("{name}: {:?} may wait, clean termination is {clean}", found.may_wait));
        }
    }
    assert!(count >= 55, "{count} protocols were explored");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn accepted_programs_explore_without_a_problem() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let folders = ["tests/corpus/protocols", "tests/corpus/runtime", "examples"];
    for path in folders.iter().flat_map(|folder| files(&root().join(folder), "tell")) {
        let text = text_of(&path);
        let name = path.strip_prefix(root()).unwrap_or(Path::new("?")).display().to_string();
        let is_accepted = Verdict::of_corpus(&text)
            .is_ok_and(|verdict| verdict.diagnostics.iter().all(|wanted| !format!("{wanted:?}").contains("E0")));
        let checked = check(&name, &text);
        if checked.has_errors() {
            assert!(!is_accepted || !name.starts_with("tests"), "{name} is rejected");
            continue;
        }
        for projected in &checked.projected {
            count += 1;
            let found = explored(&checked, projected, Bounds::default());
            if let Some(complaint) = complaint(projected, &found) {
                wrong.push(format!("{name}, {}:\n{complaint}", projected.graph.name));
            }
        }
    }
    assert!(count >= 60, "{count} programs were explored");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Programs with data, loops, calls and decisions of several roles; `TELL_CASES` asks for another number.
#[test]
fn generated_programs_explore_without_a_problem() {
    let count = std::env::var("TELL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let bounds = Bounds { states: 2_000, ..Bounds::default() };
    let (mut wrong, mut complete) = (Vec::new(), 0);
    for seed in 0..count {
        let text = program(seed).text;
        let checked = check("generated.tell", &text);
        for projected in &checked.projected {
            let found = explored(&checked, projected, bounds);
            complete += u64::from(found.complete);
            if let Some(complaint) = complaint(projected, &found) {
                wrong.push(format!("seed {seed}, {}:\n{text}\n{complaint}", projected.graph.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.iter().take(3).cloned().collect::<String>());
    assert!(complete * 5 >= count, "{complete} of {count} were explored completely");
}

const SHARED: &str = "protocol Shared(A, B; x : Bool at A, y : Bool at A) =
  A -> B : M(x)
  A -> B : N(y)
  if x then
    A -> B : Yes
  else
    B -> A : No
  if y then
    B -> A : Left
  else
    A -> B : Right
";

/// Roles that decide on the same bindings go the same way; on different ones they need not.
#[test]
fn a_decision_on_other_bindings_is_found() {
    let checked = check("shared.tell", SHARED);
    assert!(!checked.has_errors());
    let projected = &checked.projected[0];
    assert_eq!(complaint(projected, &explored(&checked, projected, Bounds::default())), None);
    let mut machines = projected.projection.machines.clone();
    let both = |state: &&mut State| matches!(&state.kind, Kind::Case { .. }) && state.slots == 2;
    let state = machines[1].states.iter_mut().find(both).expect("B decides while it holds both");
    let Kind::Case { site, .. } = &mut state.kind else { panic!("found as such") };
    site.env[0].1 = 1 - site.env[0].1;
    let found = explore(&checked.program, &projected.graph, &machines, Bounds::default());
    assert!(found.problem.is_some(), "{found:?}");
}

#[test]
fn channels_of_protocols_that_are_too_large_to_explore_have_bounds_where_they_are_plain() {
    let explored = |text: &str| {
        let global = notation::global(text);
        let checked = pipeline::check_global("large", "", &global, &[], Limits::default());
        let projected = checked.projected.first().expect("it is accepted");
        explored(&checked, projected, Bounds { states: 20, queue: 8 })
    };
    let news = "A->B l. A->C l. A->D l. A->E l. A->F l. end";
    let found = explored(news);
    assert_eq!((found.complete, found.queue_bound), (false, Some(1)));
    // Each is asked again only when it has answered; nobody knows how often.
    let asked = "rec X. A->B q. A->C q. A->D q. B->A a. C->A a. D->A a. X";
    let found = explored(asked);
    assert_eq!((found.complete, found.queue_bound), (false, Some(1)));
    // C may be asked again before it has heard the first question.
    let found = explored("rec X. A->B q. A->C q. A->D q. B->A a. D->A a. X");
    assert_eq!((found.complete, found.queue_bound), (false, None));
}
