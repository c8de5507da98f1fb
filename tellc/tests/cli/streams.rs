//! Broken pipes, full disks, Ctrl-C.

use crate::support::{ENDLESS, Folder, PING, Ran, command, tellc};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    let program = folder.file("endless.tell", ENDLESS);
    let mut command = command(&["run", &program, "--max-steps", "1000000000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut first).expect("it prints");
    drop(reader);
    let ran = Ran::of(&child.wait_with_output().expect("it ends")).ends(0);
    assert_eq!((first.as_str(), ran.err.as_str()), ("A -> B : Tick(0)\n", ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new();
    let program = folder.file("ping.tell", PING);
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let commands: [&[&str]; 6] = [
        &["run", &program, "--arg", "A.x=1"],
        &["show", "--stage", "emit", &program],
        &["project", &program],
        &["explain", "E0401"],
        &["explain"],
        &["completions", "bash"],
    ];
    for args in commands {
        let output = command(args).stdin(Stdio::null()).stdout(full()).output().expect("it starts");
        Ran::of(&output).ends(2).says("E0703").says("no space left");
    }
    tellc(&["run", &program, "--arg", "A.x=1", "--trace", "/dev/full"]).ends(2).says("E0703").says("/dev/full");
    // Where even errors cannot be printed, the code is all there is.
    let output = command(&["check", "none.tell"]).stderr(full()).output().expect("it starts");
    Ran::of(&output).ends(2);
}

#[cfg(unix)]
pub(crate) fn interrupt(args: &[&str]) -> (Ran, Duration) {
    let mut child =
        command(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(400));
    let since = Instant::now();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill exists");
    assert!(sent.success());
    let keyboard = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(keyboard);
    (Ran::of(&output), since.elapsed())
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_and_keeps_its_trace() {
    let folder = Folder::new();
    let program = folder.file("endless.tell", ENDLESS);
    let trace = folder.path("trace.jsonl");
    let (ran, took) = interrupt(&["run", &program, "--max-steps", "100000000000", "--trace", &trace]);
    ran.ends(3).says("was interrupted after").says("is in the trace");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let text = std::fs::read_to_string(&trace).expect("written");
    assert!(text.ends_with("}\n") && text.lines().count() > 10);
    for line in text.lines().rev().take(10) {
        serde_json::from_str::<serde_json::Value>(line).expect("whole lines");
    }
    let (ran, _) = interrupt(&["run", &program, "-q", "--max-steps", "100000000000"]);
    let ran = ran.ends(3).says("was interrupted after").says("`--trace FILE` writes down");
    assert!(!ran.err.contains("is in the trace"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_wait_for_a_line() {
    let folder = Folder::new();
    let program = folder.file("choice.tell", crate::support::CHOICE);
    let trace = folder.path("trace.jsonl");
    let (ran, _) = interrupt(&["run", &program, "--choose", "ask", "--trace", &trace]);
    ran.ends(3).says("was interrupted after");
    assert!(std::fs::read_to_string(&trace).expect("written").lines().count() > 1);
}
