//! Published vectors of content ids: `tests/vectors/*.json` say what the id of a type is, for every implementation.
//!
//! An id never changes: a failure here means that the encoding of `ir/src/canonical.rs` is no longer the one that was
//! published, and needs a context of its own.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use serde_json::Value;
use std::collections::BTreeMap;
use tell_bridge::import::{json_to_global, json_to_local};
use tell_ir::canonical::{canonical_global, canonical_local, global_id, local_id};
use tell_ir::dual::dual;
use tell_ir::unfold::{unfold, unfold_local};
use tell_tests::{root, text_of};

fn list(file: &str) -> Vec<Value> {
    serde_json::from_str(&text_of(&root().join("tests").join(file))).expect("the file is a JSON list")
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("`{key}` is missing: {entry}"))
}

/// The id of the type of a vector; its canonical form has the same.
fn id(entry: &Value) -> String {
    if let Some(global) = entry.get("global") {
        let global = json_to_global(&global.to_string()).expect("a vector is a type");
        let id = global_id(&global);
        assert_eq!(global_id(&canonical_global(&global)), id, "{entry}");
        id.to_string()
    } else {
        let local = json_to_local(&entry["local"].to_string()).expect("a vector is a type");
        let id = local_id(&local);
        assert_eq!(local_id(&canonical_local(&local)), id, "{entry}");
        id.to_string()
    }
}

#[track_caller]
fn none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn ids_are_the_published_ones() {
    let vectors = list("vectors/content_ids.json");
    assert!(vectors.len() >= 24, "{} vectors", vectors.len());
    let wrong: Vec<String> = vectors
        .iter()
        .map(|entry| (text(entry, "name"), id(entry), text(entry, "id")))
        .filter(|(_, id, published)| id != published)
        .map(|(name, id, _)| format!("{name}\t{id}"))
        .collect();
    none("ids that changed", &wrong);
}

#[test]
fn types_have_one_id_exactly_if_they_are_said_to_be_the_same() {
    let vectors = list("vectors/content_ids.json");
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in vectors.iter().filter(|entry| entry.get("same_as").is_none()) {
        let known = first.insert(text(entry, "id"), text(entry, "name"));
        assert_eq!(known, None, "the same id as {entry}");
    }
    let pairs: Vec<&Value> = vectors.iter().filter(|entry| entry.get("same_as").is_some()).collect();
    assert!(pairs.len() >= 12, "{} pairs", pairs.len());
    for entry in pairs {
        assert_eq!(first.get(text(entry, "id")), Some(&text(entry, "same_as")), "{entry}");
    }
}

#[test]
fn ids_of_published_protocols_are_the_published_ones() {
    let corpus = list("corpus/bridge/projection.json");
    let vectors = list("vectors/projection_ids.json");
    assert_eq!((corpus.len(), vectors.len()), (68, 68));
    let wrong: Vec<String> = corpus
        .iter()
        .zip(&vectors)
        .map(|(entry, vector)| (text(entry, "name"), id(entry), text(vector, "name"), text(vector, "id")))
        .filter(|(name, id, published_name, published)| (*name, id.as_str()) != (*published_name, *published))
        .map(|(name, id, _, _)| format!("{name}\t{id}"))
        .collect();
    none("ids that changed", &wrong);
}

#[test]
fn unfolding_published_protocols_gives_types_that_can_be_unfolded_again() {
    for entry in list("corpus/bridge/projection.json") {
        let global = json_to_global(&entry["global"].to_string()).expect("the corpus is read by other tests");
        let unfolded = unfold(&global);
        let is_recursive = text(&entry["global"], "kind") == "rec";
        assert_eq!(global_id(&unfolded) != global_id(&global), is_recursive, "{}", text(&entry, "name"));
        assert_eq!(canonical_global(&unfolded), canonical_global(&unfold(&canonical_global(&global))));
    }
}

#[test]
fn published_local_types_with_one_partner_have_a_dual_of_which_they_are_the_dual() {
    let mut duals = 0;
    for entry in list("corpus/bridge/projection.json") {
        let locals = entry.get("locals").and_then(Value::as_object).into_iter().flatten();
        for (own, local) in locals {
            let local = json_to_local(&local.to_string()).expect("the corpus is read by other tests");
            let Ok(there) = dual(&local, own) else { continue };
            let others = entry["roles"].as_array().expect("roles are listed").iter().filter_map(Value::as_str);
            assert!(others.into_iter().any(|partner| dual(&there, partner).as_ref() == Ok(&local)), "{own} of {entry}");
            assert_eq!(dual(&unfold_local(&local), own), Ok(unfold_local(&there)));
            duals += 1;
        }
    }
    assert!(duals >= 20, "{duals}");
}
