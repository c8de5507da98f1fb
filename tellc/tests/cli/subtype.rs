//! `tellc subtype`: the three relations, and what they were given.

use crate::support::{AHEAD, BEHIND, Folder, tellc, tellc_with};

#[test]
fn the_relation_that_holds_is_named() {
    let folder = Folder::new();
    let (ahead, behind) = (folder.file("ahead.json", AHEAD), folder.file("behind.json", BEHIND));
    tellc(&["subtype", &ahead, &ahead])
        .ends(0)
        .prints("yes (sync): the first can replace the second (3 pairs of states)");
    tellc(&["subtype", &ahead, &behind]).ends(0).prints("yes (async)");
    tellc(&["subtype", &ahead, &behind, "--mode", "sync"]).ends(1).prints("no (sync)").prints("\n  at the start\n");
    tellc(&["subtype", &ahead, &behind, "--mode", "conservative"]).ends(1).prints("no (conservative)");
    tellc(&["subtype", &behind, &ahead]).ends(1).prints("no (async)").prints("first   B?y(Int)\n  second  B!x");
    tellc(&["subtype", &ahead, &behind, "--bound", "1"])
        .ends(1)
        .prints("unknown (async; not in sync): no answer within 1 pairs; try a larger --bound, or --mode conservative");
    tellc_with(&["subtype", "-", &behind], AHEAD.as_bytes()).ends(0);
    tellc_with(&["subtype", &ahead, "-"], BEHIND.as_bytes()).ends(0);
}

#[test]
fn what_is_no_local_type_is_refused_with_a_code() {
    let folder = Folder::new();
    let ahead = folder.file("ahead.json", AHEAD);
    let with = |text: &str| tellc_with(&["subtype", &ahead, "-"], text.as_bytes());
    with("{\"kind\":\n  \"send\",,}").ends(1).says("E0705").says("<stdin>:2:");
    with("protocol P(A, B) =").ends(1).says("E0705").says("<stdin>:1:");
    with(r#"{"kind":"com"}"#).ends(1).says("E0705").says("unknown kind");
    with(r#"{"kind":"var","name":"X"}"#).ends(1).says("E0420").says("`<stdin>` is ill-formed").says("`X` is not bound");
    let all = tellc(&["project", "--json", "examples/ring.tell"]).ends(0).out;
    with(&all).ends(1).says("E0705").says("take `.roles.ROLE.local` of it");
    let unguarded = r#"{"kind":"rec","var":"X","body":{"kind":"var","name":"X"}}"#;
    with(unguarded).ends(1).says("E0420").says("without an action");
    let nested = r#"{"kind":"rec","var":"X","body":"#.repeat(200_000);
    let nested = format!(r#"{nested}{{"kind":"end"}}{}"#, "}".repeat(200_000));
    with(&nested).ends(1).says("E0705").says("nested deeper");
    tellc(&["subtype", "-", "-"]).ends(2).says("one of the two");
    tellc(&["subtype", &ahead, "none.json"]).ends(2).says("E0703");
}
