//! Everything printed as JSON is what `docs/schema/` says.
//!
//! The validator knows the part of JSON Schema that our schemas use and refuses a schema that uses more.

use crate::support::{AHEAD, BEHIND, Folder, PING, WRONG, root, tellc, tellc_with};
use serde_json::{Map, Value};

struct Schemas {
    folder: std::path::PathBuf,
}

impl Schemas {
    fn load(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.folder.join(name)).expect("a schema");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Why `value` is not what `schema`, a part of `root`, says.
    fn check(&self, value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object");
        for (key, rule) in schema {
            let holds = match key.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" => true,
                "$ref" => return self.follow(value, rule.as_str().expect("a text"), root),
                "type" => has_type(value, rule),
                "const" => value == rule,
                "enum" => rule.as_array().expect("a list").contains(value),
                "minimum" => value.as_i64().is_none_or(|n| n >= rule.as_i64().expect("a number")),
                "pattern" => value.as_str().is_none_or(|text| matches(text, rule.as_str().expect("a text"))),
                "required" => rule
                    .as_array()
                    .expect("a list")
                    .iter()
                    .all(|key| value.get(key.as_str().expect("a text")).is_some()),
                "items" => {
                    value.as_array().into_iter().flatten().try_for_each(|item| self.check(item, rule, root))?;
                    true
                }
                "oneOf" => {
                    let count = rule
                        .as_array()
                        .expect("a list")
                        .iter()
                        .filter(|one| self.check(value, one, root).is_ok())
                        .count();
                    count == 1
                }
                // Looked at together with the properties.
                "additionalProperties" if schema.contains_key("properties") => true,
                "properties" | "additionalProperties" => self.members(value, schema, root)?,
                other => panic!("bug: the validator does not know `{other}`"),
            };
            if !holds {
                return Err(format!("{value} breaks `{key}`: {rule}"));
            }
        }
        Ok(())
    }

    fn follow(&self, value: &Value, target: &str, root: &Value) -> Result<(), String> {
        match target.strip_prefix('#') {
            Some(pointer) => self.check(value, root.pointer(pointer).expect("the reference leads somewhere"), root),
            None => {
                let other = self.load(target);
                self.check(value, &other, &other)
            }
        }
    }

    fn members(&self, value: &Value, schema: &Map<String, Value>, root: &Value) -> Result<bool, String> {
        let empty = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for (key, member) in value.as_object().into_iter().flatten() {
            match (known.get(key), schema.get("additionalProperties")) {
                (Some(rule), _) => self.check(member, rule, root)?,
                (None, Some(Value::Bool(false))) => return Err(format!("unknown key `{key}`")),
                (None, Some(rule)) => self.check(member, rule, root)?,
                (None, None) => {}
            }
        }
        Ok(true)
    }
}

fn has_type(value: &Value, rule: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("bug: the validator does not know type `{other}`"),
    };
    match rule {
        Value::String(name) => is(name),
        rule => rule.as_array().expect("a list").iter().any(|name| is(name.as_str().expect("a text"))),
    }
}

/// The patterns our schemas use.
fn matches(text: &str, pattern: &str) -> bool {
    let code = |letters: &str| {
        text.len() == 5
            && text.starts_with(|c| letters.contains(c))
            && text[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    match pattern {
        "^[EWF][0-9]{4}$" => code("EWF"),
        "^W[0-9]{4}$" => code("W"),
        "^[0-9]+([.][0-9]+)+$" => text.contains('.') && text.split('.').all(|number| number.parse::<u32>().is_ok()),
        "^[0-9a-f]{64}$" => {
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        }
        other => panic!("bug: the validator does not know pattern `{other}`"),
    }
}

/// Checks every line and returns the objects.
#[track_caller]
pub(crate) fn valid(schema: &str, lines: &str) -> Vec<Value> {
    let schemas = Schemas { folder: root().join("docs/schema") };
    let schema = schemas.load(schema);
    let mut objects = Vec::new();
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        schemas.check(&value, &schema, &schema).unwrap_or_else(|error| panic!("{error}"));
        objects.push(value);
    }
    assert!(!objects.is_empty(), "nothing was printed");
    objects
}

#[test]
fn diagnostics() {
    let folder = Folder::new();
    let wrong = folder.file("wrong.tell", WRONG);
    let ran = tellc(&["check", "--format", "json", &wrong]).ends(1);
    assert_eq!(ran.err, "");
    let found = valid("diagnostic.json", &ran.out);
    assert_eq!(found[0]["code"], "E0202");
    let label = &found[0]["labels"][0];
    assert_eq!((&label["line"], &label["column"], &label["start"]), (&2.into(), &8.into(), &29.into()));
    assert_eq!(
        valid("diagnostic.json", &tellc(&["check", "--format", "json", "tests/corpus/errors/five_mistakes.tell"]).out)
            .len(),
        5
    );
    valid("diagnostic.json", &tellc(&["verify", "--format", "json", "README.md"]).ends(1).out);
    // Everywhere else diagnostics are no results.
    valid("diagnostic.json", &tellc(&["build", "--format", "json", &wrong]).ends(1).err);
    valid("diagnostic.json", &tellc(&["run", "--format", "json", "none.tell"]).ends(2).err);
    let fault = tellc_with(&["run", "-", "--format", "json"], b"protocol P(A, B) =\n  A -> B : L(x : Int = 1 / 0)\n");
    valid("diagnostic.json", &fault.err);
    assert_eq!(tellc(&["check", "--format", "json", "examples/ring.tell"]).ends(0).out, "");
}

#[test]
fn every_diagnostic_of_the_corpus() {
    let ran = tellc(&["check", "--format", "json", "tests/corpus", "examples"]);
    assert!(valid("diagnostic.json", &ran.out).len() > 100);
}

#[test]
fn tests() {
    let folder = Folder::new();
    folder.file("a.tell", "--! expect: ok\nprotocol P(A, B) =\n  A -> B : M\n");
    folder.file("b.tell", "--! expect: E0301\nprotocol P(A, B) =\n  A -> B : M\n");
    folder.file("c.tell", "protocol P(A, B) =\n  A -> B : M\n");
    let ran = tellc(&["test", "--format", "json", &folder.path("")]).ends(2);
    let lines = valid("test.json", &ran.out);
    let outcomes: Vec<&Value> = lines[..3].iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["ok", "failed", "unusable"]);
    assert_eq!(lines[3]["summary"]["passed"], 1);
}

#[test]
fn faults() {
    let folder = Folder::new();
    let faults = [
        r#"{"session":0,"tick":1,"partition":["A"]}"#,
        r#"{"session":0,"tick":2,"heal":true}"#,
        r#"{"session":0,"tick":2,"timeout":{"role":"B","nanoseconds":5000000}}"#,
        r#"{"session":0,"tick":3,"corrupt":{"from":"B","to":"A","part":"payload"}}"#,
        r#"{"session":0,"tick":3,"corrupt":{"from":"B","to":"A","part":"payload"}}"#,
        r#"{"session":0,"tick":900,"crash":"A"}"#,
    ];
    valid("faults.json", &faults.join("\n"));
    // What damages a message or a role ends the session.
    let file = folder.file("faults.jsonl", faults[..3].join("\n"));
    let ran = tellc_with(&["run", "-", "--arg", "A.x=1", "--faults", &file, "--trace", "-"], PING.as_bytes()).ends(0);
    let lines = valid("trace.json", &ran.out);
    assert!(lines.iter().any(|line| line["event"] == "TimeoutIssued" && line["duration"] == "5ms"));
}

#[test]
fn traces() {
    let folder = Folder::new();
    let trace = folder.path("trace.jsonl");
    let inputs: [&[&str]; 4] = [
        &["examples/guessing_game.tell"],
        &["examples/two_buyer.tell", "--arg", "Alice.title=Dune", "--arg", "Bob.budget=20"],
        &["tests/corpus/runtime/fault_division_by_zero.tell", "--arg", "A.x=0"],
        &[
            "tests/corpus/runtime/supplied.tell",
            "--inputs",
            "tests/corpus/runtime/supplied.inputs.json",
            "--sessions",
            "3",
        ],
    ];
    for args in inputs {
        tellc(&[&["run", "--trace", &trace], args].concat());
        let lines = valid("trace.json", &std::fs::read_to_string(&trace).expect("written"));
        assert_eq!(lines[0]["trace"], "tell.trace.v1");
        assert!(lines[1..].iter().all(|event| event["tick"].is_u64()));
    }
    let to_stdout = tellc_with(&["run", "-", "--arg", "A.x=1", "--trace", "-"], PING.as_bytes()).ends(0);
    valid("trace.json", &to_stdout.out);
}

#[test]
fn projections() {
    let entries = std::fs::read_dir(root().join("examples")).expect("there are examples");
    for entry in entries {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "tell") {
            valid("project.json", &tellc(&["project", "--json", path.to_str().expect("UTF-8")]).ends(0).out);
        }
    }
    let wrong = tellc_with(&["project", "--json", "-"], WRONG.as_bytes()).ends(1);
    assert_eq!(valid("project.json", &wrong.out)[0]["ok"], false);
    valid("project.json", &tellc(&["project", "--json", "none.tell"]).ends(2).out);
}

#[test]
fn subtypes() {
    let folder = Folder::new();
    let ahead = folder.file("ahead.json", AHEAD);
    let behind = folder.file("behind.json", BEHIND);
    let verdict = |args: &[&str], code| {
        let ran = tellc(&[&["subtype", "--json"], args].concat()).ends(code);
        valid("subtype.json", &ran.out)[0].clone()
    };
    assert_eq!(verdict(&[&ahead, &behind], 0)["verdict"], "yes");
    assert_eq!(verdict(&[&behind, &ahead], 1)["verdict"], "no");
    assert_eq!(verdict(&[&ahead, &behind, "--mode", "async", "--bound", "1"], 1)["verdict"], "unknown");
    assert_eq!(verdict(&[&folder.file("bad.json", "{}"), &ahead], 1)["ok"], false);
    assert_eq!(verdict(&["none.json", &ahead], 2)["ok"], false);
}

#[test]
fn verdicts_on_logs() {
    let folder = Folder::new();
    let (program, trace) = (folder.file("ping.tell", PING), folder.path("trace.jsonl"));
    tellc(&["run", &program, "--arg", "A.x=1", "--trace", &trace]).ends(0);
    let check = |log: &str| tellc(&["check-trace", log, "--against", &program, "--json", "--complete"]);
    let verdict = valid("check-trace.json", &check(&trace).ends(0).out);
    assert_eq!((&verdict[0]["conforms"], &verdict[0]["events"]), (&true.into(), &4.into()));
    let strange = folder.file("log", r#"{"role":"A","op":"send","peer":"B","label":"Pong"}"#);
    let verdict = valid("check-trace.json", &check(&strange).ends(1).out);
    assert_eq!(verdict[0]["alarm"]["class"], "unexpected label");
    let empty = folder.file("empty", "");
    let verdict = valid("check-trace.json", &check(&empty).ends(1).out);
    assert_eq!((&verdict[0]["alarm"]["class"], &verdict[0]["alarm"]["event"]), (&"premature end".into(), &Value::Null));
    for log in ["none.jsonl", &folder.file("noise", "noise")] {
        assert_eq!(valid("check-trace.json", &check(log).ends(2).out)[0]["ok"], false);
    }
    let wrong = folder.file("wrong.tell", WRONG);
    let ran = tellc(&["check-trace", &empty, "--against", &wrong, "--json"]).ends(1);
    assert_eq!(valid("check-trace.json", &ran.out)[0]["diagnostics"][0]["code"], "E0202");
}
