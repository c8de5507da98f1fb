//! How runs go and end.

use crate::support::{ENDLESS, Folder, PING, tellc, tellc_with};

#[test]
fn faults_are_reported_where_they_are_raised() {
    let program =
        "protocol P(A, B; x : Int at A) =\n  A -> B : Ratio(y : Int = 10 / x)\n  assert y > 3 at B \"large\"\n";
    let run = |x: &str| tellc_with(&["run", "-", "--arg", x], program.as_bytes());
    run("A.x=2").ends(0);
    run("A.x=0").ends(3).says("error[F0002]").says("division by zero").says("<stdin>:2:").says("vm.fault.arithmetic");
    run("A.x=5").ends(3).says("error[F0001]").says("large").says("<stdin>:3:").says("tellc explain F0001");
    let folder = Folder::new();
    let source = folder.file("p.tell", program);
    tellc(&["build", &source]).ends(0);
    tellc(&["run", &folder.path("p.tellimg"), "--arg", "A.x=0"]).ends(3).says("F0002").says("p.tell`");
}

#[test]
fn a_run_is_bounded() {
    let run = |args: &[&str]| tellc_with(&[&["run", "-", "-q"], args].concat(), ENDLESS.as_bytes());
    run(&["--max-steps", "1000"]).ends(3).says("F0006").says("after 1000 steps");
    run(&["--max-steps", "0"]).ends(3).says("after 0 steps");
    run(&["--max-steps", "777", "--sessions", "10", "--quantum", "5"]).ends(3).says("after 777 steps");
}

#[test]
fn a_run_costs_what_its_steps_cost() {
    let run = |credits: &str| tellc_with(&["run", "-", "-q", "--credits", credits], ENDLESS.as_bytes());
    run("1000").ends(3).says("error[F0021]").says("vm.fault.out_of_credits").says("costs 1 credit; 0 are left");
    let run = |credits: &str| tellc_with(&["run", "-", "-q", "--arg", "A.x=1", "--credits", credits], PING.as_bytes());
    run("1").ends(3).says("F0021");
    run("1000").ends(0);
}

#[test]
fn policies_change_the_order_and_nothing_else() {
    let run = |args: &[&str]| tellc(&[&["run", "examples/map_reduce.tell", "--seed", "3"], args].concat()).ends(0).out;
    let finals = |out: String| out.lines().filter(|line| line.contains(" = ")).map(str::to_owned).collect::<Vec<_>>();
    let usual = run(&["--trace", "-"]);
    for policy in ["cooperative", "round-robin", "ageing", "token-weight", "progress-aware"] {
        let traced = |quantum| run(&["--policy", policy, "--quantum", quantum, "--trace", "-"]);
        let lines = |out: String| out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(traced("1")), lines(traced("256")), "{policy}");
        // Without an operation that may block nobody has a token.
        let is_usual = !["round-robin", "ageing"].contains(&policy);
        assert_eq!(lines(traced("1")) == lines(usual.clone()), is_usual, "{policy}");
        assert_eq!(finals(run(&["-q", "--policy", policy])), finals(run(&["-q"])), "{policy}");
    }
    tellc(&["run", "examples/ring.tell", "--policy", "fastest"]).ends(2).says("round-robin");
}

/// What goes wrong in a run, and how the run ends then.
fn with_faults(faults: &str, args: &[&str]) -> crate::support::Ran {
    let folder = Folder::new();
    let file = folder.file("faults.jsonl", faults);
    tellc_with(&[&["run", "-", "--arg", "A.x=1", "--faults", &file], args].concat(), PING.as_bytes())
}

#[test]
fn what_goes_wrong_is_read_from_a_file() {
    let crash = r#"{"session":0,"tick":2,"crash":"B"}"#;
    with_faults(crash, &[]).ends(3).says("the session did not end: `B` crashed");
    with_faults(crash, &["--sessions", "2"])
        .ends(3)
        .prints("2 sessions: 1 closed, 0 faulted, 1 called off, 0 not ended");
    let cut = r#"{"session":0,"tick":0,"partition":["A"]}"#;
    with_faults(cut, &[]).ends(3).says("error[F0024]").says("`A` waits for a message from `B`");
    let heal = r#"{"session":0,"tick":50,"heal":true}"#;
    with_faults(&format!("{cut}\n\n{heal}\n"), &[]).ends(0).prints("A.y = 2");
    let damage = r#"{"session":0,"tick":0,"corrupt":{"from":"A","to":"B","part":"label"}}"#;
    with_faults(damage, &[]).ends(3).says("error[F0025]").says("message 0 from `A` to `B`");
    with_faults("", &[]).ends(0);
}

#[test]
fn a_file_of_faults_that_makes_no_sense_is_refused_with_its_place() {
    for (line, place, text) in [
        ("{\"session\":0,\"tick\":1,\"crash\":\"Bob\"}", ":2:31", "there is no role `Bob`"),
        ("{\"session\":0,\"tick\":1,\"partition\":[\"A\",\"C\"]}", ":2:40", "there is no role `C`"),
        ("{\"session\":1,\"tick\":1,\"heal\":true}", ":2:1", "there is no session 1"),
        ("{\"session\":0,\"tick\":1,\"heal\":false}", ":2:1", "a line says one thing"),
        ("{\"session\":0,\"tick\":1}", ":2:1", "a line says one thing"),
        ("{\"session\":0,\"tick\":1,\"crash\":\"A\",\"heal\":true}", ":2:1", "a line says one thing"),
        ("{\"session\":0,\"tick\":-1,\"heal\":true}", ":2:", "invalid value"),
        ("[0,1,\"A\",null,null,null,null]", ":2:", "invalid type: sequence, expected an object"),
        ("7", ":2:1", "invalid type: integer `7`, expected an object"),
        (
            "{\"session\":0,\"tick\":1,\"corrupt\":[\"A\",\"B\",\"label\"]}",
            ":2:",
            "invalid type: sequence, expected an object",
        ),
        ("{\"session\":0,\"tick\":1,\"explode\":\"A\"}", ":2:", "unknown field `explode`"),
        ("{\"session\":0,\"tick\":1,\"heal\":", ":2:", "EOF"),
        (
            "{\"session\":0,\"tick\":1,\"corrupt\":{\"from\":\"A\",\"to\":\"A\",\"part\":\"label\"}}",
            ":2:1",
            "no messages go",
        ),
        (
            "{\"session\":0,\"tick\":1,\"corrupt\":{\"from\":\"A\",\"to\":\"B\",\"part\":\"soul\"}}",
            ":2:",
            "unknown variant",
        ),
    ] {
        let faults = format!("{{\"session\":0,\"tick\":99,\"heal\":true}}\n{line}\n");
        with_faults(&faults, &[]).ends(1).says("error[E0705]").says(text).says(&format!("faults.jsonl{place}"));
    }
    tellc(&["run", "examples/ring.tell", "--faults", "no_such_file"]).ends(2).says("E0703");
}

#[test]
fn several_sessions() {
    let args = ["run", "-", "--arg", "A.x=1", "--sessions", "3"];
    let ran = tellc_with(&args, PING.as_bytes()).ends(0);
    assert_eq!(ran.out.matches("A.y = 2").count(), 3, "{ran:?}");
    assert!(ran.out.ends_with("3 sessions: 3 closed, 0 faulted, 0 not ended\n"), "{ran:?}");
    let watched = tellc_with(&[&args[..], &["--watch-trace"]].concat(), PING.as_bytes()).ends(0);
    watched.prints("2: A -> B : Ping(1)\n");
    tellc_with(&["run", "-", "--arg", "A.x=1", "--sessions", "2000000"], PING.as_bytes()).ends(2).says("1..=1048576");
}

#[test]
fn quiet_prints_final_values_only() {
    let ran = tellc_with(&["run", "-", "--arg", "A.x=1", "-q"], PING.as_bytes()).ends(0);
    assert_eq!(ran.out, "A.x = 1\nA.y = 2\nB.x = 1\nB.y = 2\n");
    let watched = tellc_with(&["run", "-", "--arg", "A.x=1", "-q", "--watch-trace"], PING.as_bytes()).ends(0);
    assert!(watched.out.starts_with("A -> B : Ping(1)\n"), "{watched:?}");
}

#[test]
fn runs_repeat_exactly() {
    let run = || tellc(&["run", "examples/guessing_game.tell", "--seed", "3", "--trace", "-"]).ends(0).out;
    assert_eq!(run(), run());
}

#[test]
fn a_small_edge_makes_senders_wait() {
    let program = "protocol Burst(A, B) =\n  loop repeat 9\n    A -> B : N(n : Int = 1)\n";
    let run =
        |args: &[&str]| tellc_with(&[&["run", "-", "--trace", "-"], args].concat(), program.as_bytes()).ends(0).out;
    assert_ne!(run(&["--edge-capacity", "1"]), run(&[]));
}

#[test]
fn an_effect_nobody_handles_is_refused_before_the_run() {
    let program = "effect Catalog\n  command look : String -> Int\nprotocol P(A, B; x : Int at A) uses Catalog =\n  \
                   let y at A = do Catalog.look(\"a\")\n  A -> B : Go(y)\n";
    tellc_with(&["run", "-"], program.as_bytes()).ends(1).says("E0701").says("`Catalog`");
}

#[test]
fn warnings_do_not_stop_a_run() {
    let program = "protocol P(A, B, C) =\n  A -> B : Go\n";
    tellc_with(&["run", "-"], program.as_bytes()).ends(0).says("warning[W0201]").prints("A -> B : Go");
    assert_eq!(tellc_with(&["run", "-", "-q"], program.as_bytes()).ends(0).err, "");
}

#[test]
fn numbers_of_the_machine_have_bounds() {
    let run = |args: &[&str]| tellc_with(&[&["run", "-", "-q", "--arg", "A.x=1"], args].concat(), PING.as_bytes());
    for (option, most, beyond) in [
        ("--quantum", "1048576", "1048577"),
        ("--edge-capacity", "4294967295", "4294967296"),
        ("--credits", "18446744073709551615", "18446744073709551616"),
        ("--max-steps", "18446744073709551615", "18446744073709551616"),
        ("--seed", "18446744073709551615", "18446744073709551616"),
    ] {
        run(&[option, most]).ends(0);
        run(&[option, beyond]).ends(2).says(option);
    }
    for option in ["--quantum", "--edge-capacity", "--sessions"] {
        run(&[option, "0"]).ends(2).says(option);
    }
    run(&["--sessions", "1048577"]).ends(2).says("--sessions");
}
