//! What the host gives a run: values, branches, and everything that can be wrong with them.

use crate::support::{CHOICE, Folder, PING, tellc, tellc_with};

const TYPES: &str = "\
type Color = | Red | Mixed(Int, Int) | Named(String)
protocol Types(A, B; b : Bool at A, s : String at A, d : Duration at A, l : List Int at A, t : (Int, String) at A,
               r : { price : Int, unit : String } at A, m : Maybe Int at A, e : Result String Int at A, c : Color at A,
               k : Map String Int at A, u : Unit at A) =
  A -> B : Go
";

#[test]
fn every_type_has_a_notation() {
    let rows = [
        ("b", "true", "true"),
        ("s", "two words", "\"two words\""),
        ("s", "\"a\\nb\"", "\"a\\nb\""),
        ("d", "250ms", "250ms"),
        ("d", "-2s", "-2s"),
        ("l", "[1, 2, -3]", "[1, 2, -3]"),
        ("l", "[]", "[]"),
        ("t", "(1, \"x\")", "(1, \"x\")"),
        ("r", "{ unit = \"kg\", price = 3 }", "{ price = 3, unit = \"kg\" }"),
        ("m", "Nothing", "Nothing"),
        ("m", "Just(3)", "Just(3)"),
        ("e", "Err(\"no\")", "Err(\"no\")"),
        ("c", "Red", "Red"),
        ("c", "Mixed(1, 2)", "Mixed(1, 2)"),
        ("k", "[(\"a\", 1), (\"b\", 2)]", "Map[(\"a\", 1), (\"b\", 2)]"),
        ("u", "()", "()"),
    ];
    let all = [
        "b=false",
        "s=x",
        "d=0s",
        "l=[]",
        "t=(0, \"\")",
        "r={ price = 0, unit = \"\" }",
        "m=Nothing",
        "e=Ok(1)",
        "c=Red",
        "k=[]",
        "u=()",
    ];
    for (name, value, shown) in rows {
        let mut args = vec!["run".to_owned(), "-".to_owned(), "-q".to_owned()];
        for arg in all {
            let (other, default) = arg.split_once('=').expect("an assignment");
            args.extend(["--arg".to_owned(), format!("A.{other}={}", if other == name { value } else { default })]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        tellc_with(&args, TYPES.as_bytes()).ends(0).prints(&format!("A.{name} = {shown}\n"));
    }
}

#[test]
fn json_has_the_same_values() {
    let folder = Folder::new();
    let program = folder.file("types.tell", TYPES);
    let inputs = r#"{"A": {"b": true, "s": "x", "d": "250ms", "l": [1, 2], "t": [1, "x"], "r": {"unit": "kg", "price": 3},
        "m": {"Just": 3}, "e": {"Err": "no"}, "c": {"Mixed": [1, 2]}, "k": {"a": 1}, "u": null}}"#;
    let inputs = folder.file("inputs.json", inputs);
    let ran = tellc(&["run", &program, "--inputs", &inputs, "-q"]).ends(0);
    let wanted = "A.b = true\nA.s = \"x\"\nA.d = 250ms\nA.l = [1, 2]\nA.t = (1, \"x\")\nA.r = { price = 3, unit = \"kg\" }\n\
                  A.m = Just(3)\nA.e = Err(\"no\")\nA.c = Mixed(1, 2)\nA.k = Map[(\"a\", 1)]\nA.u = ()\n";
    assert_eq!(ran.out, wanted);
    let mixed = inputs.replace("inputs", "mixed");
    std::fs::write(&mixed, r#"{"A": {"c": "Green", "l": [1, "x"], "r": {"price": 1}, "b": 1, "t": [1]}}"#)
        .expect("room");
    let ran = tellc(&["run", &program, "--inputs", &mixed]).ends(1);
    assert_eq!(ran.err.matches("error[E0702]").count(), 5, "{ran:?}");
    assert!(ran.err.contains("has no constructor `Green`") && ran.err.contains("field `unit` is missing"), "{ran:?}");
}

#[test]
fn all_that_is_missing_is_listed() {
    let program = "protocol Shop(A, B; x : Int at A) =\n  A -> B : Title(title : String)\n  B -> A : Price(Int)\n";
    let ran = tellc_with(&["run", "-"], program.as_bytes()).ends(1).says("E0701").says("3 more values");
    for missing in ["`A.x : Int`, a parameter", "`A.title : String`", "`B.Price : Int`"] {
        assert!(ran.err.contains(missing), "{ran:?}");
    }
    let given = ["--arg", "A.x=1", "--arg", "A.title=Dune", "--arg", "B.Price=3"];
    tellc_with(&[&["run", "-"], &given[..]].concat(), program.as_bytes()).ends(0).prints("B -> A : Price(3)");
}

#[test]
fn wrong_names_and_values_are_reported_at_once() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let ran = tellc(&["run", &program, "--arg", "Aa.x=1", "--arg", "A.y=1", "--arg", "A.x=one"]).ends(2);
    assert_eq!(ran.err.matches("error[E0704]").count(), 2, "{ran:?}");
    ran.says("did you mean `A`?").says("there is `x`").says("E0702").says("has to be `Int`");
    tellc(&["run", &program, "--arg", "A.x=1", "--arg", "A.x=2"]).ends(1).says("given twice");
    tellc(&["run", &program, "--arg", "A.x=1)\n  A -> B : More(2"]).ends(1).says("E0702");
    tellc(&["run", &program, "--arg", "A.x=99999999999999999999"]).ends(1).says("E0702");
    tellc(&["run", &program, "--arg", "A.x=1 + 1"]).ends(1).says("E0702");
    tellc(&["run", &program, "--arg", "x=1"]).ends(2).says("Role.name=value");
    tellc(&["run", &program, "--sessions", "0"]).ends(2);
}

#[test]
fn an_inputs_file_can_be_wrong() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let with = |text: &str| {
        let inputs = folder.file("inputs.json", text);
        tellc(&["run", &program, "--inputs", &inputs])
    };
    with(r#"{"A": {"x": 1}}"#).ends(0);
    with("{\"A\":\n {\"x\": 1").ends(1).says("E0705").says("inputs.json:2:");
    with("[1]").ends(1).says("E0705");
    with(r#"{"A": 1}"#).ends(1).says("E0705");
    with(r#"{"A": {"x": 1.5}}"#).ends(1).says("E0702");
    with(r#"{"A": {"z": 1}}"#).ends(2).says("E0704");
    with(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))).ends(1).says("E0705");
    tellc(&["run", &program, "--inputs", &folder.path("none.json")]).ends(2).says("E0703");
}

#[test]
fn supplied_fields_come_in_order() {
    let program = "protocol Two(A, B) =\n  loop repeat 2\n    A -> B : Amount(amount : Int)\n";
    let run = |args: &[&str]| tellc_with(&[&["run", "-"], args].concat(), program.as_bytes());
    let each = run(&["--arg", "A.amount=1", "--arg", "A.amount=2"]).ends(0);
    assert!(each.out.contains("Amount(1)") && each.out.contains("Amount(2)"), "{each:?}");
    assert_eq!(run(&["--arg", "A.amount=7"]).ends(0).out.matches("Amount(7)").count(), 2);
    let folder = Folder::new();
    let inputs = folder.file("one.json", r#"{"A": {"amount": [5]}}"#);
    run(&["--inputs", &inputs]).ends(3).says("F0004").says("used up");
    // Every session starts at the first.
    let inputs = folder.file("two.json", r#"{"A": {"amount": [5, 6]}}"#);
    let ran = run(&["--inputs", &inputs, "--sessions", "3", "--watch-trace"]).ends(0);
    assert_eq!(ran.out.matches("Amount(6)").count(), 3, "{ran:?}");
}

#[test]
fn choices_are_taken_as_told() {
    let folder = Folder::new();
    let run = |how: &str| tellc_with(&["run", "-", "--max-steps", "1000", "--choose", how], CHOICE.as_bytes());
    run("first").ends(3).says("stopped after 1000 steps");
    assert!(run("random").ends(0).out.ends_with("A -> B : Stop\n"));
    let seeded = |seed: &str| tellc_with(&["run", "-", "--seed", seed], CHOICE.as_bytes()).ends(0).out;
    assert_eq!(seeded("5"), seeded("5"));
    assert!((0..20).any(|seed| seeded(&seed.to_string()) != seeded("0")), "the seed does nothing");
    let lines = folder.file("lines", "More\n\n  More\nStop\n");
    assert_eq!(run(&lines).ends(0).out, "A -> B : More\nA -> B : More\nA -> B : Stop\n");
    let list = folder.file("list", r#"["More", "Stop"]"#);
    assert_eq!(run(&list).ends(0).out, "A -> B : More\nA -> B : Stop\n");
    run(&folder.file("short", "More")).ends(3).says("used up");
    run(&folder.file("other", "Mroe")).ends(3).says("`Mroe` is not among the branches of `A`: More, Stop");
    run(&folder.file("bad", "[1]")).ends(1).says("E0705");
    run("frist").ends(2).says("E0703").says("`first`, `random`, `ask`");
}

#[test]
fn a_person_can_choose_and_type() {
    let folder = Folder::new();
    let program = folder.file("choice.tell", CHOICE);
    let ran = tellc_with(&["run", &program, "--choose", "ask"], b"1\nMroe\nMore\n9\nStop\n").ends(0);
    assert_eq!(ran.out, "A -> B : More\nA -> B : More\nA -> B : Stop\n");
    ran.says("A chooses (1 More, 2 Stop): ").says("did you mean `More`?").says("there are 2 branches");
    tellc_with(&["run", &program, "--choose", "ask"], b"1\n").ends(3).says("there is no more input");
    let echo = "import std.console exposing (Console)\nprotocol Echo(A, B) uses Console =\n  let line at A = do Console.read_line()\n  \
                do Console.print(case line of | Just(text) => \"> \" ++ text | Nothing => \"nothing\") at A\n  A -> B : Done\n";
    let echo = folder.file("echo.tell", echo);
    let ran = tellc_with(&["run", &echo], "grüße\r\nmore".as_bytes()).ends(0);
    assert!(ran.out.starts_with("> grüße\nA -> B : Done\n"), "{ran:?}");
    tellc_with(&["run", &echo], b"").ends(0).prints("nothing\n");
    tellc_with(&["run", &echo], b"\xff\n").ends(3).says("not UTF-8");
}
