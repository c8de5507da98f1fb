//! The monitor agrees with the published traces: what it accepts, the first bad event, and whether all is over.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use std::collections::BTreeMap;
use tell_bridge::import::json_to_global;
use tell_compiler::graph::Label;
use tell_compiler::monitor::{AlarmKind, Monitor, Observed};
use tell_compiler::pipeline::{Checked, check_global};
use tell_compiler::project::Limits;
use tell_ir::sort::Sort;
use tell_tests::{root, text_of};

fn corpus(name: &str) -> Vec<Value> {
    let text = text_of(&root().join("tests/corpus/bridge").join(name));
    serde_json::from_str(&text).expect("the corpus is JSON")
}

fn protocols() -> BTreeMap<String, Checked> {
    let entries = corpus("projection.json");
    let named = entries.iter().map(|entry| {
        let name = entry["name"].as_str().expect("every entry has a name");
        let json = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] }).to_string();
        let global = json_to_global(&json).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.to_owned(), check_global(name, "", &global, &[], Limits::default()))
    });
    named.collect()
}

/// The traces name sorts in their own way; no payload is unit.
fn sort(payload: &Value) -> Sort {
    match payload.as_str() {
        None => Sort::Unit,
        Some("int") => Sort::Int,
        Some("bool") => Sort::Bool,
        Some("str") => Sort::String,
        Some(other) => Sort::Named(other.to_owned()),
    }
}

/// First bad event with its alarm, and whether all is over.
fn watch(checked: &Checked, events: &[Value]) -> (Option<(usize, AlarmKind)>, bool) {
    let projected = &checked.projected[0];
    let monitor = Monitor::new(&checked.program, &projected.graph, &projected.projection.machines).expect("few places");
    let mut session = monitor.session();
    for (at, event) in events.iter().enumerate() {
        let text = |key: &str| event[key].as_str().expect("a text");
        let observed =
            Observed { role: text("role"), is_send: text("op") == "send", peer: text("peer"), label: text("label") };
        let sort = sort(&event["payload"]);
        if let Err(alarm) = monitor.observe(&mut session, &observed, &|label: &Label| label.sort == sort) {
            return (Some((at, alarm.kind)), false);
        }
    }
    (None, monitor.is_complete(&session))
}

#[test]
fn published_traces_are_judged_as_their_source_says() {
    let protocols = protocols();
    let traces = corpus("traces.json");
    assert!(traces.len() >= 348, "{} traces", traces.len());
    let mut wrong = Vec::new();
    let mut alarms: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, trace) in traces.iter().enumerate() {
        let name = trace["protocol"].as_str().expect("a name");
        let events = trace["events"].as_array().expect("a list");
        let (bad, complete) = watch(&protocols[name], events);
        if let Some((_, kind)) = bad {
            *alarms.entry(kind.name()).or_default() += 1;
        }
        let expect = &trace["expect"];
        let agrees = expect["accept"] == bad.is_none()
            && expect["first_bad"].as_u64() == bad.map(|(at, _)| at as u64)
            && expect["complete"] == complete;
        if !agrees {
            wrong.push(format!("{number} {name} {}: expected {expect}, got {bad:?} {complete}", trace["kind"]));
        }
    }
    assert!(alarms.len() >= 4, "{alarms:?}");
    assert!(wrong.is_empty(), "{} of {} disagree:\n{}", wrong.len(), traces.len(), wrong.join("\n"));
}
