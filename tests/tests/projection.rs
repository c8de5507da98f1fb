//! Published protocols: what the complete projection accepts, and where a role may wait for ever.
//!
//! `tests/corpus/bridge/projection.json` collects global types from the literature with the verdict of their source.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use tell_bridge::import::{json_to_global_with_places, json_to_local};
use tell_compiler::erase::local_type;
use tell_compiler::pipeline::{self, Checked};
use tell_compiler::project::Limits;
use tell_compiler::subtype::{Answer, sync_subtype};
use tell_tests::program::rendered;

fn corpus() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/bridge/projection.json");
    let text = std::fs::read_to_string(path).expect("the corpus is part of the repository");
    serde_json::from_str(&text).expect("the corpus is JSON")
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or("")
}

/// What the projection says: codes of its diagnostics, or that the type could not even be read.
fn verdict(entry: &Value) -> Result<Checked, String> {
    let json = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] }).to_string();
    let (global, places) = json_to_global_with_places(&json).map_err(|error| error.to_string())?;
    Ok(pipeline::check_global(text(entry, "name"), &json, &global, &places, Limits::default()))
}

fn has_code(checked: &Checked, code: &str) -> bool {
    checked.diagnostics.iter().any(|diagnostic| diagnostic.code.0 == code)
}

#[test]
fn published_protocols_agree_with_their_source() {
    let entries = corpus();
    assert!(entries.len() >= 68, "the corpus has {} entries", entries.len());
    let mut wrong = Vec::new();
    for entry in &entries {
        let (name, rung) = (text(entry, "name"), text(entry, "rung"));
        let checked = verdict(entry).unwrap_or_else(|error| panic!("{name} cannot be read: {error}"));
        let agrees = checked.has_errors() == matches!(rung, "none" | "ill-formed");
        if !agrees {
            let codes: Vec<_> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
            wrong.push(format!("{name}: rung {rung}, got {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} disagree:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
}

#[test]
fn rungs_agree_with_their_source() {
    let mut wrong = Vec::new();
    for entry in &corpus() {
        let expected = text(entry, "rung");
        let checked = verdict(entry).expect("read by another test");
        let Some(projected) = checked.projected.first() else { continue };
        let rungs = projected.rungs(&checked.program, Limits::default());
        let highest = rungs.iter().map(|needed| needed.rung).max().expect("there are roles");
        if highest.name() != expected {
            wrong.push(format!("{}: {highest}, expected {expected}: {rungs:?}", text(entry, "name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn waiting_for_ever_is_warned_about_exactly_where_it_can_happen() {
    let mut wrong = Vec::new();
    for entry in &corpus() {
        let Some(clean) = entry["clean_termination"].as_bool() else { continue };
        let checked = verdict(entry).expect("read by the other test");
        if !checked.has_errors() && has_code(&checked, "W0401") == clean {
            wrong.push(format!("{}: clean termination {clean}", text(entry, "name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn accepted_protocols_emit_images_the_verifier_accepts() {
    for entry in corpus() {
        let checked = verdict(&entry).expect("read by the other test");
        if checked.has_errors() || entry["global"].to_string().contains("\"par\"") {
            continue;
        }
        let name = text(&entry, "name");
        let image =
            pipeline::build(&checked, None, Limits::default()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        tell_ir::verify::verify(image).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_mistake_in_a_line_of_a_hundred_kilobytes_is_shown_in_a_few_lines() {
    let row = |then: &str| format!(r#"{{"label":{{"name":"More","sort":"unit"}},"continuation":{then}}}"#);
    let comm = |to: &str, then: &str| {
        format!(r#"{{"kind":"comm","sender":"A","receiver":"{to}","branches":[{}]}}"#, row(then))
    };
    let inner = (0..1_000).fold(r#"{"kind":"var","name":"Nowhere"}"#.to_owned(), |then, _| comm("B", &then));
    let json = comm("A", &inner);
    assert!(json.len() > 100_000);
    let (global, places) = json_to_global_with_places(&json).expect("it is a type");
    let checked = pipeline::check_global("dir/long.json", &json, &global, &places, Limits::default());
    let shown = rendered(&checked.diagnostics, &checked.program.files);
    assert!(shown.len() < 4_000, "{shown}");
    let at = json.find(r#"{"kind":"var""#).expect("it is there") + 1;
    for part in ["`A` sends a message to itself", "`Nowhere` is not bound", &format!("dir/long.json:1:{at}")] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
}

/// Where the source merges loops into a weaker type: it receives labels that the choreography does not send there.
const WEAKER: &[&str] = &["nuscr-rec-samelabel"];

#[test]
fn local_types_of_published_protocols_are_those_of_their_source() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in &corpus() {
        let Some(locals) = entry["locals"].as_object() else { continue };
        let name = text(entry, "name");
        let checked = verdict(entry).expect("read by another test");
        let projected = checked.projected.first().unwrap_or_else(|| panic!("{name} is projected"));
        for (role, machine) in projected.graph.roles.iter().zip(&projected.projection.machines) {
            let ours = local_type(&checked.program, &projected.graph, machine).expect("published types are small");
            let theirs = json_to_local(&locals[role].to_string()).expect("the corpus has local types");
            let holds = |a, b| matches!(sync_subtype(a, b), Ok(Answer::Yes(_)));
            if !holds(&theirs, &ours) || (!holds(&ours, &theirs) && !WEAKER.contains(&name)) {
                wrong.push(format!("{name}, {role}:\n{ours}\nsource:\n{theirs}"));
            }
            count += 1;
        }
    }
    assert!(count >= 100, "{count} local types");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
