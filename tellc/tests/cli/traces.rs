//! Traces in bytes: `tellc run --trace FILE.tellt` and `tellc show FILE.tellt --image PROGRAM`.

use crate::streams::interrupt;
use crate::support::{ENDLESS, Folder, PING, Ran, command, root, tellc, tellc_with};
use std::process::{Command, Stdio};

/// The examples that need nothing from outside, and one that does.
fn programs() -> Vec<Vec<String>> {
    let entries = std::fs::read_dir(root().join("examples")).expect("there are examples");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let examples = paths.filter(|path| path.extension().is_some_and(|extension| extension == "tell"));
    let examples = examples.map(|path| vec![path.to_str().expect("UTF-8").to_owned()]);
    let more = ["examples/two_buyer.tell", "--arg", "Alice.title=Dune", "--arg", "Bob.budget=20"];
    examples.chain([more.map(str::to_owned).to_vec()]).collect()
}

#[test]
fn both_forms_of_a_trace_give_the_same_lines() {
    let folder = Folder::new();
    let (lines, bytes) = (folder.path("trace.jsonl"), folder.path("trace.tellt"));
    let mut compared = 0;
    for program in programs() {
        let args: Vec<&str> = program.iter().map(String::as_str).collect();
        let run = |trace: &str| tellc(&[&["run", "--quiet", "--sessions", "3", "--trace", trace], &args[..]].concat());
        let ran = run(&lines);
        if ran.code == 1 {
            // It wants to be told more than this test knows.
            continue;
        }
        assert_eq!(run(&bytes).code, ran.code, "{ran:?}");
        let shown = tellc(&["show", &bytes, "--image", args[0]]).ends(0).out;
        assert_eq!(shown, std::fs::read_to_string(&lines).expect("written"), "{args:?}");
        let [many, few] = [&lines, &bytes].map(|path| std::fs::metadata(path).expect("written").len());
        assert!(few < many / 3, "{few} : {many}");
        compared += 1;
    }
    assert!(compared >= 5, "{compared}");
}

#[test]
fn a_trace_is_shown_with_the_image_it_is_of() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let trace = folder.path("trace.tellt");
    tellc(&["run", &program, "--arg", "A.x=1", "--trace", &trace]).ends(0);
    tellc(&["build", &program]).ends(0);
    let shown = tellc(&["show", &trace, "--image", &folder.path("ping.tellimg")]).ends(0);
    assert!(
        shown.out.starts_with("{\"trace\":\"tell.trace.v1\"") && shown.out.contains("\"event\":\"Closed\""),
        "{shown:?}"
    );
    let bytes = std::fs::read(&trace).expect("written");
    assert_eq!(tellc_with(&["show", "-", "--image", &program], &bytes).ends(0).out, shown.out);
    tellc(&["show", &trace]).ends(2).says("--image");
    tellc(&["show", &trace, "--image", &program, "--stage", "emit"]).ends(2).says("cannot be used with");
    tellc(&["show", &trace, "--image", "examples/ping_pong.tell"]).ends(1).says("E0706").says("of another program");
    tellc(&["show", &folder.path("none.tellt"), "--image", &program]).ends(2).says("E0703");
    tellc(&["show", &program, "--image", &program]).ends(1).says("E0706").says("at byte 0");
    let header = folder.file("header.tellt", [b"TELLTRC\x01\x02\0\0\0\0{\x1b".as_slice()].concat());
    tellc(&["show", &header, "--image", &program]).ends(1).says("E0706").says("its header");
}

#[test]
fn a_trace_that_was_cut_is_shown_as_far_as_it_goes() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let trace = folder.path("trace.tellt");
    tellc(&["run", &program, "--arg", "A.x=1", "--trace", &trace]).ends(0);
    let bytes = std::fs::read(&trace).expect("written");
    let whole = tellc(&["show", &trace, "--image", &program]).ends(0).out;
    for cut in [0, 5, 100, bytes.len() / 2, bytes.len() - 8, bytes.len() - 1] {
        let shown = tellc_with(&["show", "-", "--image", &program], &bytes[..cut]).ends(1).says("E0706");
        assert!(whole.starts_with(&shown.out), "{cut}");
    }
    tellc_with(&["show", "-", "--image", &program], &[&bytes[..], b"x"].concat()).ends(1).says("more bytes");
}

/// A file may not be larger than that many blocks of 512 or 1024 bytes, depending on the shell.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_becomes_full_ends_the_run() {
    let folder = Folder::new();
    let program = folder.file("endless.tell", ENDLESS);
    for name in ["trace.jsonl", "trace.tellt"] {
        let trace = folder.path(name);
        let script = "trap '' XFSZ; ulimit -f 300; exec \"$0\" run \"$1\" --max-steps 10000000000 --trace \"$2\"";
        let mut shell = Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_tellc"), &program, &trace]);
        let output = shell.stdin(Stdio::null()).stdout(Stdio::null()).output().expect("there is a shell");
        Ran::of(&output).ends(2).says("E0703").says(name).says("file too large");
        assert!(std::fs::metadata(&trace).expect("written").len() >= 150 << 10, "what fitted is there");
    }
}

/// Some millions of events, in a process that may not have the memory for them.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_a_trace() {
    let folder = Folder::new();
    let program = folder.file("endless.tell", ENDLESS);
    let trace = folder.path("nowhere.tellt");
    std::os::unix::fs::symlink("/dev/null", &trace).expect("there is room");
    let script = "ulimit -v 150000; exec \"$0\" run \"$1\" --max-steps 20000000 --quiet --trace \"$2\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_tellc"), &program, &trace]);
    let output = shell.stdin(Stdio::null()).output().expect("there is a shell");
    Ran::of(&output).ends(3).says("after 20000000 steps");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_trace_in_bytes_well() {
    let folder = Folder::new();
    let program = folder.file("endless.tell", ENDLESS);
    let trace = folder.path("trace.tellt");
    let (ran, _) = interrupt(&["run", &program, "--max-steps", "100000000000", "--trace", &trace]);
    ran.ends(3).says("was interrupted after");
    let mut show = command(&["show", &trace, "--image", &program]);
    let output = show.stdin(Stdio::null()).output().expect("it starts");
    let shown = Ran::of(&output).ends(0);
    assert!(shown.out.lines().count() > 100);
}
