//! Commands other than `run`.

use crate::support::{ENDLESS, Folder, PING, WRONG, tellc, tellc_with};

#[test]
fn help_and_version() {
    assert!(tellc(&["--version"]).ends(0).out.starts_with("tellc "));
    for command in ["check", "fmt", "build", "run", "project", "show", "explain", "asm", "verify", "completions"] {
        tellc(&[command, "--help"]).ends(0).prints("Examples:").prints(&format!("tellc {command}"));
    }
    tellc(&[]).ends(2).says("Usage");
    tellc(&["chekc", "x"]).ends(2).says("check");
    tellc(&["check", "--colour=always"]).ends(2).says("--color");
    tellc(&["check", "--format", "xml"]).ends(2).says("xml");
}

#[test]
fn check_reports_files_and_folders() {
    let folder = Folder::new();
    let good = folder.file("good.tell", PING);
    let wrong = folder.file("deep/wrong.tell", WRONG);
    folder.file("deep/notes.txt", "not a program");
    folder.file(".hidden/wrong.tell", WRONG);
    assert_eq!(tellc(&["check", &good]).ends(0).says("1 file checked: no mistakes found").out, "");
    let ran = tellc(&["check", &wrong]).ends(1).says("E0202").says("did you mean `B`?").says("E0201");
    assert!(ran.says("1 file checked: 2 errors").out.is_empty());
    tellc(&["check", &folder.path("")]).ends(1).says("2 files checked: 2 errors");
    assert_eq!(tellc(&["check", "-q", &good]).ends(0).err, "");
    let missing = folder.path("missing.tell");
    // What is wrong with one file does not hide the others.
    tellc(&["check", &missing, &wrong]).ends(2).says("E0703").says("E0202");
    let empty = Folder::new();
    tellc(&["check", &empty.path("")]).ends(2).says("no `.tell` file");
    tellc(&["check", &empty.file("empty.tell", "")]).ends(0);
    tellc(&["check", &empty.file("bom.tell", format!("\u{feff}{PING}"))]);
    tellc(&["check", &empty.file("crlf.tell", PING.replace('\n', "\r\n"))]).ends(0);
    tellc(&["check", &empty.file("comment.tell", format!("{{- a comment -}}\n{PING}"))]).ends(0);
}

#[test]
fn check_reads_standard_input() {
    tellc_with(&["check", "-"], WRONG.as_bytes()).ends(1).says("<stdin>:2:8");
    tellc_with(&["check", "-", "--stdin-filename", "shop.tell"], WRONG.as_bytes()).ends(1).says("shop.tell:2:8");
}

#[test]
fn text_that_is_not_utf8_has_a_place() {
    let folder = Folder::new();
    let latin = folder.file("latin.tell", b"-- ok\n-- caf\xe9 noir\n");
    tellc(&["check", &latin]).ends(1).says("E0112").says("latin.tell:2:7").says("0xe9");
    let utf16 = folder.file("utf16.tell", b"\xff\xfep\0r\0");
    tellc(&["check", &utf16]).ends(1).says("E0112").says("UTF-16");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let folder = Folder::new();
    let large = folder.file("large.tell", vec![b'\n'; (64 << 20) + 1]);
    tellc(&["check", &large]).ends(1).says("E0113");
    tellc(&["check", "/dev/zero"]).ends(1).says("E0113");
}

#[test]
fn build_writes_the_same_image_each_time() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let ran = tellc(&["build", &program]).ends(0);
    for row in ["protocol      Ping", "roles         2", "instructions  ", "size          ", "content id    "] {
        assert!(ran.out.contains(row), "{ran:?}");
    }
    assert_eq!(folder.names(), ["ping.tell", "ping.tellimg"]);
    let first = std::fs::read(folder.path("ping.tellimg")).expect("written");
    let again = folder.path("again.tellimg");
    assert_eq!(tellc(&["build", &program, "-o", &again, "--quiet"]).ends(0).out, "");
    assert_eq!(first, std::fs::read(&again).expect("written"));
    tellc(&["verify", &again]).ends(0).prints("verified      ").prints("protocol      Ping\n").prints("content id    ");
    tellc(&["show", &again]).ends(0).prints("image Ping").prints("role A");
}

#[test]
fn build_refuses_what_it_cannot_do() {
    let folder = Folder::new();
    let wrong = folder.file("wrong.tell", WRONG);
    tellc(&["build", &wrong]).ends(1).says("E0202");
    let program = folder.file("ping.tell", PING);
    tellc(&["build", &program, "--protocol", "Pin"]).ends(2).says("E0704").says("did you mean `Ping`?");
    tellc(&["build", &program, "-o", "/dev/full"]).ends(2).says("E0703").says("no space left");
    tellc(&["build", &program, "-o", &folder.path("no/such/folder/x")]).ends(2).says("E0703");
    tellc_with(&["build", "-"], PING.as_bytes()).ends(2).says("-o");
    tellc(&["build", &folder.file("empty.tell", "")]).ends(1).says("there is no protocol");
    assert_eq!(folder.names(), ["empty.tell", "ping.tell", "wrong.tell"]);
    let out = tellc_with(&["build", "-", "-o", "-"], PING.as_bytes()).ends(0).out;
    assert!(out.starts_with("TELLIMG"), "{out}");
}

#[test]
fn project_shows_local_types() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let all = tellc(&["project", &program]).ends(0).out;
    assert_eq!(
        all,
        "protocol Ping (plain)\n\nrole A (plain)\n  B!Ping(Int).\n  B?Pong(Int).\n  end\n\nrole B (plain)\n  A?Ping(Int).\n  A!Pong(Int).\n  end\n"
    );
    let one = tellc(&["project", &program, "--role", "B"]).ends(0).out;
    assert!(one.contains("role B") && !one.contains("role A"));
    tellc(&["project", &program, "--role", "Bb"]).ends(2).says("E0704").says("did you mean `B`?");
    tellc(&["project", &program, "--protocol", "Pong"]).ends(2).says("E0704");
    tellc(&["project", &program, "--dot"]).ends(0).prints("r0s0 -> r0s1 [label=\"B!Ping\"];");
    tellc(&["project", &program, "--dot", "--role", "B"]).ends(0).prints("subgraph cluster_1 {");
    // A protocol that another one calls is not checked on its own, but it can be asked for.
    let both = format!("{PING}\nprotocol Main(A, B) =\n  let n at A = 1\n  call Ping(A, B; n)\n");
    let both = folder.file("both.tell", both);
    tellc(&["project", &both]).ends(0).prints("protocol Main");
    tellc(&["project", &both, "--protocol", "Ping"]).ends(0).prints("protocol Ping");
}

#[test]
fn project_reads_global_types() {
    let comm = r#"{"kind":"comm","sender":"A","receiver":"B","branches":[{"label":{"name":"L","sort":"int"},"continuation":{"kind":"end"}}]}"#;
    let local = r#""A":{"rung":"plain","local":{"kind":"send","partner":"B","branches":[{"label":{"name":"L","sort":"int"},"continuation":{"kind":"end"}}]},"warnings":[]}"#;
    for text in [comm.to_owned(), format!(r#"{{"roles":["A","B"],"global":{comm}}}"#)] {
        tellc_with(&["project", "-", "--json"], text.as_bytes()).ends(0).prints(local);
        tellc_with(&["run", "-", "--arg", "A.L=3"], text.as_bytes()).ends(0).prints("A -> B : L(3)");
        tellc_with(&["show", "--stage", "lower", "-"], text.as_bytes()).ends(0);
        tellc_with(&["show", "--stage", "lex", "-"], text.as_bytes()).ends(2);
    }
    let unbound = r#"{"kind":"var","name":"X"}"#;
    tellc_with(&["project", "-"], unbound.as_bytes()).ends(1).says("E0420");
    tellc_with(&["project", "-", "--json"], unbound.as_bytes()).ends(1).prints(r#""ok":false"#).prints("E0420");
    tellc_with(&["project", "-"], b"{\"kind\":\n  \"comm\",,}").ends(1).says("E0705").says("<stdin>:2:");
    tellc_with(&["project", "-"], br#"{"kind":"com"}"#).ends(1).says("E0705").says("unknown kind");
}

#[test]
fn a_local_type_that_is_too_large_is_not_written_out() {
    let mut program = String::from("protocol Long(A, B) =\n");
    for _ in 0..40 {
        program.push_str("  choice A at\n    | Left => A -> B : Left\n    | Right => A -> B : Right\n");
    }
    let ran = tellc_with(&["project", "-"], program.as_bytes()).ends(1).says("E0404").says("too large to write out");
    assert!(ran.out.is_empty());
    tellc_with(&["project", "-", "--json"], program.as_bytes()).ends(1).prints(r#""ok":false"#);
    tellc_with(&["run", "-", "--choose", "random"], program.as_bytes()).ends(0);
}

#[test]
fn every_stage_is_shown() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    for stage in ["lex", "layout", "parse", "resolve", "check", "lower", "project", "emit"] {
        assert!(!tellc(&["show", "--stage", stage, &program]).ends(0).out.is_empty(), "{stage}");
    }
    tellc(&["show", &program]).ends(2).says("--stage");
    tellc(&["show", "--stage", "link", &program]).ends(2).says("possible values");
    let wrong = folder.file("wrong.tell", WRONG);
    tellc(&["show", "--stage", "parse", &wrong]).ends(0);
    tellc(&["show", "--stage", "check", &wrong]).ends(1).says("E0202");
    tellc(&["show", "--stage", "emit", &wrong]).ends(1).says("E0202");
    tellc(&["show", "--stage", "lex", &folder.file("bad.tell", "let \u{202e}")]).ends(1).says("E0101");
}

#[test]
fn every_code_is_explained() {
    let list = tellc(&["explain"]).ends(0).out;
    for line in list.lines() {
        let code = line.split_whitespace().next().expect("a code");
        tellc(&["explain", code]).ends(0).prints(code);
    }
    for code in ["E0401", "W0401", "F0001", "V1.1", "V2.1"] {
        assert!(list.contains(code), "{code} is not listed");
    }
    tellc(&["explain", "e0401"]).ends(0).prints("# E0401");
    tellc(&["explain", "vm.fault.assertion"]).ends(0).prints("# F0001");
    tellc(&["explain", "E041"]).ends(2).says("did you mean `E0");
    tellc(&["explain", "vm.fault.asertion"]).ends(2).says("did you mean `vm.fault.assertion`");
    tellc(&["explain", "nonsense"]).ends(2).says("lists all");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        tellc(&["completions", shell]).ends(0).prints("tellc");
    }
    tellc(&["completions", "tcsh"]).ends(2);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_insist() {
    let colored = |ran: crate::support::Ran| ran.ends(1).err.contains('\x1b');
    let folder = Folder::new();
    let wrong = folder.file("wrong.tell", WRONG);
    assert!(!colored(tellc(&["check", &wrong])));
    assert!(colored(tellc(&["check", "--color", "always", &wrong])));
    assert!(!colored(tellc(&["check", "--color", "never", &wrong])));
    let mut command = crate::support::command(&["check", &wrong]);
    let output = command.env("NO_COLOR", "1").output().expect("it starts");
    assert!(!colored(crate::support::Ran::of(&output)));
}

#[test]
fn a_folder_or_an_image_in_the_wrong_place() {
    let folder = Folder::new();
    tellc(&["run", &folder.path("")]).ends(2).says("E0703");
    let program = folder.file("endless.tell", ENDLESS);
    tellc(&["build", &program, "-q"]).ends(0);
    let image = folder.path("endless.tellimg");
    tellc(&["build", &image]).ends(2);
    tellc(&["check", &image]).ends(2).says("tellc verify");
    tellc(&["project", &image]).ends(2);
    tellc(&["show", "--stage", "lex", &image]).ends(2);
    tellc(&["verify", &program]).ends(1).says("E0601").says("V1.1");
}

#[test]
fn a_rung_above_the_allowed_one_is_an_error() {
    let folder = Folder::new();
    let text = "protocol Told(A, B, C) =\n  choice A at\n    | L =>\n      A -> B : L\n      B -> C : L\n    | R =>\n      A -> B : R\n      B -> C : R\n";
    let program = folder.file("told.tell", text);
    tellc(&["check", &program, "--rung", "full"]).ends(0);
    tellc(&["check", &program, "--rung", "plain"]).ends(1).says("E0406").says("`C` needs the rung `full`");
    tellc(&["check", &program, "--rung", "half"]).ends(2);
}

#[test]
fn exploring_says_how_long_queues_get_and_whether_runs_end() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let out = tellc(&["check", &program, "--explore"]).ends(0).out;
    assert!(out.contains("no deadlock, no message is lost or unexpected; every run ends"), "{out}");
    assert!(out.contains("queues hold at most 1: A -> B 1, B -> A 1"), "{out}");
    let forever = folder.file("forever.tell", "protocol P(A, B) =\n  loop forever\n    A -> B : More\n");
    let out = tellc(&["check", &forever, "--explore"]).ends(0).out;
    assert!(out.contains("not all: a limit was reached") && out.contains("A -> B ?"), "{out}");
}

#[test]
fn a_global_type_can_be_taken_out_of_a_program_and_projected() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let json = tellc(&["show", "--stage", "lower", "--json", &program]).ends(0).out;
    let from_json = tellc_with(&["project", "-", "--json"], json.as_bytes()).ends(0).out;
    let from_text = tellc(&["project", &program, "--json"]).ends(0).out;
    assert_eq!(from_json.replace("<stdin>", "Ping"), from_text);
    tellc(&["show", "--stage", "parse", "--json", &program]).ends(2).says("--stage lower");
}

#[test]
fn exploring_a_rejected_protocol_draws_what_goes_wrong() {
    let folder = Folder::new();
    let text = "protocol P(A, B, C) =\n  choice A at\n    | L =>\n      A -> B : L\n      C -> B : One\n    | R => A -> B : R\n";
    let program = folder.file("p.tell", text);
    let out = tellc(&["check", &program, "--explore"]).ends(1).says("E0401").out;
    assert!(out.contains("`C` takes one run for another") && out.contains("not received: `One` from C to B"), "{out}");
}

const RING: &str = "\
protocol Ring(W[N]; seed : Int at W[0]) =
  for i in 0..N - 1
    W[i] -> W[i + 1] : Token
  W[N - 1] -> W[0] : Home(size : Int = N)
";

#[test]
fn families_get_their_sizes_from_the_command_line() {
    let folder = Folder::new();
    let ring = folder.file("ring.tell", RING);
    tellc(&["check", &ring]).ends(0).says("(with N = 2; `--bind` gives other sizes)");
    tellc(&["check", "--bind", "N=7", &ring]).ends(0).says("1 file checked: no mistakes found\n");
    tellc(&["run", &ring, "--arg", "W[0].seed=1"]).ends(1).says("E0230").says("`--bind N=3`");
    tellc(&["build", &ring]).ends(1).says("E0230");
    let ran = tellc(&["run", &ring, "--bind", "N=4", "--arg", "W[0].seed=1"]).ends(0);
    ran.prints("W[2] -> W[3] : Token").prints("W[0].size = 4");
    tellc(&["project", &ring, "--bind", "N=3", "--role", "W[2]"]).ends(0).prints("W[1]?Token.");
    tellc(&["show", "--stage", "resolve", &ring, "--bind", "N=3"]).ends(0).prints("Ring(W[0], W[1], W[2]; seed");
    // With one role nobody is next to it.
    tellc(&["check", &ring, "--bind", "N=1"]).ends(1).says("E0410");
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let folder = Folder::new();
    let ring = folder.file("ring.tell", RING);
    for size in ["N=0", "N=10001", "N=-1", "N=x", "N"] {
        tellc(&["check", &ring, "--bind", size]).ends(2).says("--bind");
    }
    tellc(&["run", &ring, "--bind", "N=2", "--bind", "N=3"]).ends(2).says("the size `N` is given twice");
    tellc(&["run", &ring, "--bind", "M=2"]).ends(2).says("E0704").says("there is `N`");
    tellc(&["check", &ring, "--bind", "M=2"]).ends(2).says("E0704");
    let plain = folder.file("ping.tell", PING);
    tellc(&["check", &plain, &ring, "--bind", "N=3"]).ends(0);
    tellc(&["build", &plain, "--bind", "N=3"]).ends(2).says("E0704");
    let image = folder.path("ring.tellimg");
    tellc(&["build", &ring, "--bind", "N=3", "-o", &image]).ends(0);
    tellc(&["run", &image, "--bind", "N=3"]).ends(2).says("E0704");
}
