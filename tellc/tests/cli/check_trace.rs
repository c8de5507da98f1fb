//! `tellc check-trace`: our own traces conform, changed ones do not, and logs come in many forms.

use crate::support::{Folder, PING, root, tellc, tellc_with};

const GOOD: &str = r#"{"role":"A","op":"send","peer":"B","label":"Ping","payload":"int"}
{"role":"B","op":"recv","peer":"A","label":"Ping","payload":"int"}
{"role":"B","op":"send","peer":"A","label":"Pong","payload":5}
{"role":"A","op":"recv","peer":"B","label":"Pong"}
"#;

/// Checks a log against `PING`.
fn check(log: &str, flags: &[&str]) -> crate::support::Ran {
    let folder = Folder::new();
    let (log, program) = (folder.file("log.jsonl", log), folder.file("ping.tell", PING));
    tellc(&[&["check-trace", &log, "--against", &program], flags].concat())
}

/// The log with one text in place of another.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from));
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_log_that_follows_the_protocol_conforms() {
    check(GOOD, &["--complete"]).ends(0).prints("conforms to Ping, 4 events, complete");
    let part: String = GOOD.lines().take(2).map(|line| format!("{line}\n")).collect();
    check(&part, &[]).ends(0).prints("2 events, not at an end");
    check("", &[]).ends(0).prints("0 events, not at an end");
    assert_eq!(check(GOOD, &["--quiet"]).ends(0).out, "");
}

#[test]
fn every_alarm_has_its_class_and_says_what_was_allowed() {
    let cases = [
        (
            changed("\"Ping\"", "\"Pong\""),
            ":1: unexpected label: `A` sends `Pong` to `B`\n  allowed there: `A` sends `Ping(Int)`",
        ),
        (
            changed("\"peer\":\"B\"", "\"peer\":\"C\""),
            ":1: unexpected peer: `A` sends `Ping` to `C`, but `C` is no role of `Ping`",
        ),
        (changed("\"int\"", "\"bool\""), ":1: wrong payload: `A` sends `Ping` with `bool`; expected `Int`\n"),
        (
            changed("\"role\":\"A\"", "\"role\":\"Z\""),
            ":1: not started: `Z` sends `Ping` to `B`, but `Z` is no role of `Ping`",
        ),
        (
            GOOD.lines().skip(1).collect::<Vec<_>>().join("\n"),
            ":1: not started: received before it was sent: `B` receives `Ping` from `A`, but no `Ping` is under way\n  \
             allowed there: `A` sends `Ping(Int)` to `B`\n",
        ),
        (
            GOOD.lines().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| format!("{line}\n")).collect(),
            ":3: not sent: received before it was sent: `A` receives `Pong` from `B`, but no `Pong` is under way\n  \
             allowed there: `B` sends `Pong(Int)` to `A`\n",
        ),
        (
            format!("{GOOD}{}", GOOD.lines().next().expect("a line")),
            ":5: unexpected peer: `A` sends `Ping` to `B`\n  nothing is allowed there",
        ),
        (changed("5}", "\"five\"}"), ":3: wrong payload: `B` sends `Pong` with `five`; expected `Int`"),
        (changed("5}", "null}"), ":3: wrong payload: `B` sends `Pong` with no payload; expected `Int`"),
        (changed("5}", "5.5}"), ":3: wrong payload"),
    ];
    for (log, wanted) in cases {
        check(&log, &[]).ends(1).prints(wanted);
    }
}

#[test]
fn the_end_is_checked_where_it_is_said_or_wanted() {
    let part = GOOD.lines().take(2).collect::<Vec<_>>().join("\n");
    let premature = "premature end: the session ends\n  allowed there: `B` sends `Pong(Int)` to `A`\n";
    check(&part, &["--complete"]).ends(1).prints(premature);
    check(&format!("{part}\n{{\"end\":true}}\n"), &[]).ends(1).prints(":3: premature end");
    check(&format!("{GOOD}{{\"end\":true}}\n"), &[]).ends(0).prints("complete");
    check("", &["--complete"]).ends(1).prints("premature end");
    let sent = GOOD.lines().next().expect("a line");
    check(sent, &["--complete"]).ends(1).prints(
        "the session ends\n  still under way: `Ping` (A -> B)\n  allowed there: `B` receives `Ping(Int)` from `A`\n",
    );
}

#[test]
fn sorts_may_be_spelled_as_they_are_displayed() {
    check(&changed("\"int\"", "\"Int\""), &["--complete"]).ends(0);
    check(&changed("\"int\"", "\"String\""), &[]).ends(1).prints("with `String`; expected `Int`");
}

#[test]
fn what_is_wrong_with_a_log_has_one_place() {
    let lines: Vec<&str> = GOOD.lines().collect();
    let at = |log: &str, place: &str| {
        let ran = check(log, &[]).ends(2).says(place);
        assert!(!ran.err.contains(" at line "), "{ran:?}");
    };
    at(&format!("{}\n{{\n{}\n", lines[0], lines[1]), "line 2, column 1: no record");
    at(&format!("{}\n{}", &lines[0][..30], lines[1]), "line 1, column 30: no record");
    at(&format!("{}\n\n  oops\n", lines[0]), "line 3, column 3: no record");
    at(&format!("\n[{},\n{{\"role\":1}}]", lines[0]), "line 3, column 9: no record");
    at(&format!("[{},\n{{\"role\":\"A\"}}]", lines[0]), "record 2: key `op` is missing");
}

#[test]
fn the_log_says_which_protocol_it_is_of() {
    let folder = Folder::new();
    let header = "{\"trace\":\"tell.trace.v1\",\"protocol\":\"Ping\"}\n";
    let log = folder.file("log", format!("{header}{GOOD}"));
    let other = "protocol Other(A, B) =\n  A -> B : M\n";
    let both = folder.file("both.tell", format!("{other}\n{PING}"));
    tellc(&["check-trace", &log, "--against", &both]).ends(0).prints("conforms to Ping");
    tellc(&["check-trace", &log, "--against", &both, "--protocol", "Other"]).ends(1).prints("unexpected label");
    let other = folder.file("other.tell", other);
    let ran = tellc(&["check-trace", &log, "--against", &other]).ends(2).says("E0704");
    assert!(ran.err.contains(&format!("the log is of `Ping`, which `{other}` does not have")), "{ran:?}");
}

#[test]
fn sessions_are_told_apart() {
    let of = |session: u32| GOOD.replace("{\"role\"", &format!("{{\"session\":{session},\"role\""));
    let (one, two) = (of(1), of(2));
    let mixed: String = one.lines().zip(two.lines()).map(|(one, two)| format!("{one}\n{two}\n")).collect();
    check(&mixed, &["--complete"]).ends(0).prints("8 events, complete");
    let broken = mixed.replacen("\"session\":2,\"role\":\"B\"", "\"session\":1,\"role\":\"B\"", 1);
    check(&broken, &[]).ends(1).prints("in session 1");
}

#[test]
fn a_log_may_be_a_list_or_an_object() {
    let list = format!("[{}]", GOOD.trim().replace('\n', ",\n"));
    check(&list, &["--complete"]).ends(0).prints("4 events, complete");
    check(&format!("{{\n \"events\": {list}\n}}"), &["--complete"]).ends(0).prints("4 events, complete");
    check(&format!("{{\"events\":{list}}}"), &["--complete"]).ends(0);
    check("[]", &[]).ends(0);
    check(&list.replace("\"Pong\",\"payload\":5", "\"Pung\""), &[]).ends(1).prints(":3: unexpected label");
}

#[test]
fn what_is_no_log_is_not_judged() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        "nonsense",
        "{",
        "[{]",
        "7",
        "null",
        "{\"role\":\"A\"}",
        "{\"op\":\"shout\",\"role\":\"A\"}",
        &deep,
        "{\"role\":\"A\",\"op\":\"send\",\"peer\":\"B\",\"label\":\"Ping\",\"payload\":[1]}",
        "{\"role\":\"A\",\"op\":\"send\",\"peer\":\"B\"}",
        "{\"role\":1}",
    ];
    for log in cases {
        check(log, &[]).ends(2).says("E0705");
    }
    check(&format!("{GOOD}oops\n"), &[]).ends(2).says("line 5");
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let noise = folder.file("noise", [0xff, 0xfe, b'\n']);
    tellc(&["check-trace", &noise, "--against", &program]).ends(2).says("not UTF-8");
    tellc(&["check-trace", "none.jsonl", "--against", &program]).ends(2).says("E0703");
    tellc(&["check-trace", &program]).ends(2).says("--against");
    let log = folder.file("log", GOOD);
    tellc(&["check-trace", &log, "--against", &program, "--protocol", "Pong"]).ends(2).says("E0704");
    let wrong = folder.file("wrong.tell", "protocol P(A, B) =\n  A -> C : M\n");
    tellc(&["check-trace", &log, "--against", &wrong]).ends(1).says("E0202");
}

#[test]
fn a_global_type_can_be_the_protocol() {
    let folder = Folder::new();
    let global = r#"{"kind":"comm","sender":"A","receiver":"B","branches":[
        {"label":{"name":"L","sort":{"prod":["int",{"named":"Date"}]}},"continuation":{"kind":"end"}}]}"#;
    let global = folder.file("g.json", global);
    let log = |payload: &str| {
        format!("{{\"role\":\"A\",\"op\":\"send\",\"peer\":\"B\",\"label\":\"L\",\"payload\":{payload}}}\n")
    };
    let run = |payload: &str| tellc_with(&["check-trace", "-", "--against", &global], log(payload).as_bytes());
    run("{\"prod\":[\"int\",\"Date\"]}").ends(0);
    run("{\"prod\":[\"int\",\"int\"]}").ends(1).prints("wrong payload");
    run("null").ends(1).prints("wrong payload");
}

/// The traces of all examples.
#[test]
fn our_own_traces_conform_and_changed_ones_do_not() {
    let folder = Folder::new();
    let mut rejected = 0;
    for entry in std::fs::read_dir(root().join("examples")).expect("there are examples") {
        let path = entry.expect("readable").path();
        let path = path.to_str().expect("UTF-8");
        let text = std::fs::read_to_string(path).expect("readable");
        let Some(flags) = text.lines().find_map(|line| line.strip_prefix("--! run:")) else { continue };
        let trace = folder.path("trace.jsonl");
        let flags: Vec<&str> = flags.split_whitespace().collect();
        tellc(&[&["run", path, "--quiet", "--sessions", "3", "--trace", &trace], flags.as_slice()].concat()).ends(0);
        tellc(&["check-trace", &trace, "--against", path, "--complete"]).ends(0).prints("complete");
        let lines = std::fs::read_to_string(&trace).expect("written");
        let lines: Vec<&str> = lines.lines().collect();
        let sends =
            lines.iter().enumerate().filter(|(_, line)| line.contains("\"Sent\"") || line.contains("\"Offered\""));
        for (at, _) in sends.take(4) {
            let without: String = lines
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, line)| format!("{line}\n"))
                .collect();
            let changed = folder.file("changed.jsonl", without);
            tellc(&["check-trace", &changed, "--against", path, "--complete"]).ends(1).prints("allowed there");
            rejected += 1;
        }
    }
    assert!(rejected >= 20, "{rejected} changed traces were looked at");
}
