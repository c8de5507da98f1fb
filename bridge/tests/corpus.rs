//! The published protocols of `tests/corpus/bridge/projection.json`, read and written.

use serde_json::Value;
use tell_bridge::export::{global_to_json, global_with_roles_to_json, local_to_json};
use tell_bridge::import::{json_to_global, json_to_local};

const CORPUS: &str = include_str!("../../tests/corpus/bridge/projection.json");

#[test]
fn every_global_type_of_the_corpus_comes_back() {
    let corpus: Vec<Value> = serde_json::from_str(CORPUS).expect("the corpus is JSON");
    assert_eq!(corpus.len(), 68);
    for entry in &corpus {
        let name = entry["name"].as_str().expect("an entry has a name");
        let bare = entry["global"].to_string();
        let global = json_to_global(&bare).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written: Value = serde_json::from_str(&global_to_json(&global)).expect("it is JSON");
        assert_eq!(written, entry["global"], "{name}");

        let with_roles = serde_json::json!({ "roles": entry["roles"], "global": entry["global"] });
        let global = json_to_global(&with_roles.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::json!(global.roles), entry["roles"], "{name}");
        let text = global_with_roles_to_json(&global);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON"), with_roles, "{name}");
        assert_eq!(json_to_global(&text).as_ref(), Ok(&global), "{name}");
    }
}

#[test]
fn every_local_type_of_the_corpus_comes_back() {
    let corpus: Vec<Value> = serde_json::from_str(CORPUS).expect("the corpus is JSON");
    let mut count = 0;
    for entry in &corpus {
        for (role, local) in entry.get("locals").and_then(Value::as_object).into_iter().flatten() {
            let read = json_to_local(&local.to_string()).unwrap_or_else(|error| panic!("{role}: {error}"));
            let text = local_to_json(&read);
            assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON"), *local);
            assert_eq!(json_to_local(&text), Ok(read));
            count += 1;
        }
    }
    assert!(count >= 68, "{count}");
}
