//! Mistakes and their places, deep types, and any type at all.

use proptest::collection::vec;
use proptest::prelude::*;
use tell_bridge::MAX_DEPTH;
use tell_bridge::export::{global_to_json, global_with_roles_to_json, local_to_json};
use tell_bridge::import::{json_to_global, json_to_global_with_places, json_to_local};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};

#[test]
fn a_mistake_is_reported_with_its_place() {
    let label = r#""label":{"name":"L","sort":"unit"}"#;
    let comm = |branch: &str| format!(r#"{{"kind":"comm","sender":"A","receiver":"B","branches":[{branch}]}}"#);
    let end = r#"{"kind":"end"}"#;
    let of_sort = |sort: &str| comm(&format!(r#"{{"label":{{"name":"L","sort":{sort}}},"continuation":{end}}}"#));
    let cases = [
        (String::new(), "$: not JSON, line 1, column 1: "),
        ("{\"kind\":\n 1,}".to_owned(), "$: not JSON, line 2, column 4: "),
        (format!("{end} {end}"), "$: not JSON, line 1, column 16: "),
        ("[]".to_owned(), "$: an array instead of an object"),
        ("{}".to_owned(), "$: key `kind` is missing"),
        (r#"{"kind":7}"#.to_owned(), "$.kind: a number instead of a string"),
        (r#"{"kind":"ends"}"#.to_owned(), "$.kind: unknown kind `ends`"),
        (r#"{"kind":"end","kind":"end"}"#.to_owned(), "$: key `kind` is there twice"),
        (r#"{"kind":"end","then":null}"#.to_owned(), "$: unknown key `then`"),
        (r#"{"kind":"rec","var":"X"}"#.to_owned(), "$: key `body` is missing"),
        (r#"{"kind":"rec","var":"X","body":null}"#.to_owned(), "$.body: null instead of an object"),
        (comm(&format!("{{{label}}}")), "$.branches[0]: key `continuation` is missing"),
        (
            comm(&format!(r#"{{{label},"continuation":{end}}},{{{label},"continuation":{{"kind":"send"}}}}"#)),
            "$.branches[1].continuation.kind: unknown kind `send`",
        ),
        (of_sort(r#""natural""#), "$.branches[0].label.sort: unknown sort `natural`"),
        (of_sort(r#"{"vector":-1}"#), "$.branches[0].label.sort.vector: `-1` is not a length"),
        (of_sort(r#"{"vector":1.5}"#), "$.branches[0].label.sort.vector: `1.5` is not a length"),
        (of_sort(r#"{"prod":["int"]}"#), "$.branches[0].label.sort.prod: an array instead of an array of two sorts"),
        (of_sort(r#"{"sum":["int"]}"#), "$.branches[0].label.sort: unknown key `sum`"),
        (of_sort("{}"), "$.branches[0].label.sort: an object instead of an object with the key"),
        (
            format!(r#"{{"roles":["A"],"global":{}}}"#, of_sort(r#""int""#)),
            "$.global.receiver: role `B` is not among the roles",
        ),
        (format!(r#"{{"roles":["A","A"],"global":{end}}}"#), "$.roles[1]: role `A` is listed twice"),
        (format!(r#"{{"global":{end}}}"#), "$: key `roles` is missing"),
        (
            r#"{"kind":"timed","owner":"A","body":{"kind":"end"},"outcomes":{"too late":1}}"#.to_owned(),
            "$.outcomes[\"too late\"]: a number instead of an object",
        ),
    ];
    for (text, expected) in cases {
        let error = json_to_global(&text).expect_err(&text).to_string();
        assert!(error.starts_with(expected), "{text}\n  gave     {error}\n  expected {expected}");
    }
    let error = json_to_local(&comm("")).expect_err("it is global");
    assert_eq!(error.to_string(), "$.kind: unknown kind `comm`");
}

#[test]
fn roles_are_in_the_order_they_occur() {
    let text = r#"{"branches":[{"continuation":{"kind":"end"},"receiver":"C","label":{"sort":"nat","name":"L"}},
        {"receiver":"A","label":{"name":"L","sort":"nat"},"continuation":{"kind":"end"}}],"decider":"B","kind":"choice"}"#;
    assert_eq!(json_to_global(text).expect("it is a type").roles, ["B", "C", "A"]);
}

#[test]
fn every_node_knows_its_object_in_the_text() {
    let text = r#" { "roles" : ["A", "B é"],
        "global" :  {"kind":"par", "branches" : [
            { "kind":"comm","sender":"A","receiver":"B é","branches":[
                {"continuation": {"kind":"var","name":"}X{"} ,"label":{"name":"L","sort":{"prod":["int",{"vector":2}]}}}]},
            {"kind":"rec","var":"X","body" :{"kind" : "end" } }] } } "#;
    let (global, places) = json_to_global_with_places(text).expect("it is a type");
    assert_eq!(places.len(), global.nodes.len());
    let shown: Vec<&str> = places.iter().map(|place| &text[place.node.range()]).collect();
    for (node, shown) in global.nodes.iter().zip(&shown) {
        assert!(shown.starts_with('{') && shown.ends_with('}'), "{shown}");
        let alone = json_to_global(shown).expect("an object is a type");
        let is_same_kind = std::mem::discriminant(alone.node(alone.root)) == std::mem::discriminant(node);
        // What a `par` leaves out is at the `par`.
        assert!(is_same_kind || *node == GlobalNode::End, "{node:?}\n{shown}");
    }
    assert_eq!(shown[0], r#"{"kind":"var","name":"}X{"}"#);
    assert_eq!(shown[2], r#"{"kind" : "end" }"#);
    assert_eq!(shown[4], shown[5]);
}

fn chain(length: u32) -> LocalType {
    let mut nodes = vec![LocalNode::End];
    for index in 0..length {
        nodes.push(LocalNode::Send("B".to_owned(), vec![(label("L", Sort::Unit), LocalId(index))]));
    }
    LocalType { nodes, root: LocalId(length) }
}

fn label(name: &str, sort: Sort) -> Label {
    Label { name: name.to_owned(), sort }
}

#[test]
fn a_type_may_be_as_deep_as_the_limit_and_no_deeper() {
    let deepest = u32::try_from(MAX_DEPTH).expect("it is small") - 1;
    let text = local_to_json(&chain(deepest));
    assert_eq!(json_to_local(&text), Ok(chain(deepest)));
    let error = json_to_local(&local_to_json(&chain(deepest + 1))).expect_err("it is too deep").to_string();
    assert!(error.len() < 2000 && error.ends_with("nested deeper than 100000"), "{error}");
    for open in ["[", "{\"a\":"] {
        let error = json_to_local(&open.repeat(1_000_000)).expect_err("it is too deep").to_string();
        assert!(error.len() < 2000 && error.contains("nested deeper than"), "{error}");
    }
}

#[test]
fn a_sort_may_not_be_nested_too_deep() {
    let sort = |depth: usize| (0..depth).fold(Sort::Int, |sort, _| Sort::Prod(Box::new(Sort::Bool), Box::new(sort)));
    let of = |depth| LocalType {
        nodes: vec![LocalNode::End, LocalNode::Recv("B".to_owned(), vec![(label("L", sort(depth)), LocalId(0))])],
        root: LocalId(1),
    };
    assert_eq!(json_to_local(&local_to_json(&of(999))), Ok(of(999)));
    assert!(json_to_local(&local_to_json(&of(1000))).is_err());
}

#[test]
fn an_object_of_many_keys_does_not_take_quadratic_time() {
    let keys: Vec<_> = (0..200_000).map(|key| format!("\"k{key}\":0")).collect();
    let error = json_to_local(&format!("{{{}}}", keys.join(","))).expect_err("it is no type").to_string();
    assert_eq!(error, "$: key `kind` is missing");
}

#[test]
fn every_truncation_and_substitution_is_an_error_or_a_type() {
    let text = global_with_roles_to_json(&sample());
    for end in 0..text.len() {
        assert!(text.get(..end).is_none_or(|head| json_to_global(head).is_err()));
        for byte in [b' ', b'"', b'{', b']', b',', b'0', b'\\', b'e'] {
            let mut damaged = text.clone().into_bytes();
            damaged[end] = byte;
            if let Ok(damaged) = String::from_utf8(damaged) {
                drop(json_to_global(&damaged));
                drop(json_to_local(&damaged));
            }
        }
    }
}

fn sample() -> GlobalType {
    GlobalType {
        roles: vec!["A".to_owned(), "B".to_owned(), "C \"\u{1F600}".to_owned()],
        nodes: vec![
            GlobalNode::End,
            GlobalNode::Var("X".to_owned()),
            GlobalNode::Comm {
                sender: 0,
                receiver: 1,
                branches: vec![
                    (label("L", Sort::Vector(7)), GlobalId(0)),
                    (
                        label("M", Sort::Prod(Box::new(Sort::Real), Box::new(Sort::Named("List Int".to_owned())))),
                        GlobalId(1),
                    ),
                ],
            },
            GlobalNode::End,
            GlobalNode::End,
            GlobalNode::Choice {
                decider: 2,
                branches: vec![(0, label("N", Sort::Bytes), GlobalId(3)), (1, label("N", Sort::Nat), GlobalId(4))],
            },
            GlobalNode::Rec("X".to_owned(), GlobalId(2)),
            GlobalNode::End,
            GlobalNode::Par { branches: vec![GlobalId(6), GlobalId(7)], then: GlobalId(5) },
            GlobalNode::End,
            GlobalNode::Case {
                deciders: vec![0, 2],
                branches: vec![("Yes".to_owned(), GlobalId(8)), ("No".to_owned(), GlobalId(9))],
            },
            GlobalNode::End,
            GlobalNode::End,
            GlobalNode::Timed {
                owner: 1,
                body: GlobalId(10),
                outcomes: vec![("timeout".to_owned(), GlobalId(11))],
                then: GlobalId(12),
            },
        ],
        root: GlobalId(13),
    }
}

#[test]
fn a_name_that_would_change_what_a_terminal_shows_is_refused() {
    for name in ["a\\u001b[31m", "a\\nb", "a\\u202eb", "a\\u200bb"] {
        let text = format!(r#"{{"roles":["{name}"],"global":{{"kind":"end"}}}}"#);
        let error = json_to_global(&text).expect_err("it cannot be shown").to_string();
        assert!(error.contains("cannot be shown") && !error.chars().any(char::is_control), "{error}");
    }
}

#[test]
fn every_kind_comes_back() {
    let text = global_with_roles_to_json(&sample());
    let read = json_to_global(&text).expect("it is a type");
    assert_eq!(read.roles, sample().roles);
    assert_eq!(read.to_string(), sample().to_string());
    assert_eq!(global_with_roles_to_json(&read), text);
    assert_eq!(global_to_json(&json_to_global(&global_to_json(&read)).expect("it is a type")), global_to_json(&read));
}

/// Local types whose arena is in the order of the reader: parts before the whole, first parts first.
fn local() -> impl Strategy<Value = LocalType> {
    let name = || "[A-Z\"\\\\é]{1,3}";
    let sort = prop_oneof![Just(Sort::Unit), Just(Sort::String), any::<u64>().prop_map(Sort::Vector)].prop_recursive(
        3,
        8,
        2,
        |sort| (sort.clone(), sort).prop_map(|(a, b)| Sort::Prod(Box::new(a), Box::new(b))),
    );
    let label = (name(), sort).prop_map(|(name, sort)| Label { name, sort });
    (vec((0..7_u8, name(), vec((name(), label), 0..4)), 0..12), name()).prop_map(|(layers, root)| {
        let mut nodes = vec![LocalNode::Var(root)];
        for (kind, name, rows) in layers {
            let deep = LocalId(nodes.len() as u32 - 1);
            // The first branch goes on with what is there, the others end.
            let mut ids = vec![deep];
            if matches!(kind, 1..=5) {
                for _ in 1..rows.len() {
                    nodes.push(LocalNode::End);
                    ids.push(LocalId(nodes.len() as u32 - 1));
                }
            }
            let single = || rows.iter().cloned().zip(&ids).map(|((_, label), &id)| (label, id)).collect();
            let any = || rows.iter().cloned().zip(&ids).map(|((name, label), &id)| (name, label, id)).collect();
            nodes.push(match kind {
                _ if rows.is_empty() => LocalNode::Rec(name, deep),
                1 => LocalNode::Send(name, single()),
                2 => LocalNode::Recv(name, single()),
                3 => LocalNode::SendAny(any()),
                4 => LocalNode::RecvAny(any()),
                5 => LocalNode::Case(rows.iter().cloned().zip(&ids).map(|((name, _), &id)| (name, id)).collect()),
                _ => LocalNode::Rec(name, deep),
            });
        }
        LocalType { root: LocalId(nodes.len() as u32 - 1), nodes }
    })
}

proptest! {
    #[test]
    fn any_local_type_comes_back(ty in local()) {
        prop_assert_eq!(json_to_local(&local_to_json(&ty)), Ok(ty));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[{}\\[\\]\":,a-z0-9\\\\ ]{0,60}") {
        drop(json_to_global(&text));
        drop(json_to_local(&text));
    }
}
