//! The composition of the machines does what the projection promises: on published protocols, on the corpus and the
//! examples. `projection.json` also says how long channels get and who may wait for ever.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use std::path::Path;
use tell_bridge::import::json_to_global;
use tell_compiler::explore::{Bounds, Exploration, diagram, explore, sentence};
use tell_compiler::pipeline::{self, Checked, Projected};
use tell_compiler::project::Limits;
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
        let checked = pipeline::check_global(name, &global, Limits::default());
        let Some(projected) = checked.projected.first() else { continue };
        count += 1;
        let found = explored(&checked, projected, Bounds::default());
        if let Some(complaint) = complaint(projected, &found) {
            wrong.push(format!("{name}:\n{complaint}"));
        }
        let longest = found.queue_bound.filter(|bound| *bound <= 5);
        if longest.map(u64::from) != entry["max_queue"].as_u64() {
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
