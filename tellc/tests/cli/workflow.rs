//! What a person does with a package: make it, test it, repair it, and watch it.

use crate::support::{Folder, PING, Ran, command, tellc, tellc_with};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn tellc_in(folder: &str, args: &[&str]) -> Ran {
    Ran::of(&command(args).current_dir(folder).stdin(Stdio::null()).output().expect("it starts"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).expect("it is there")
}

#[test]
fn a_new_package_runs_as_it_says_and_passes_its_test() {
    let folder = Folder::new();
    let here = folder.path("");
    let ran = tellc_in(&here, &["new", "shop"]).ends(0);
    let run = ran.err.lines().find_map(|line| line.strip_prefix("  tellc run ")).expect("it says how to run it");
    let args: Vec<&str> = ["run"].into_iter().chain(run.split(' ')).collect();
    tellc_in(&here, &args).ends(0).prints("sold: a book");
    let shop = folder.path("shop");
    tellc_in(&shop, &["test"]).ends(0).prints("test tests/main.tell ... ok").prints("1 passed; 0 failed");
    tellc_in(&shop, &["check"]).ends(0).says("1 file checked: no mistakes found");
    tellc_in(&folder.path("shop/src"), &["test"]).ends(0).prints("1 passed");
    tellc_in(&folder.path("shop/src"), &["check", "main.tell", "../tests/main.tell"]).ends(0).says("2 files checked");
    assert!(Path::new(&folder.path("shop/.gitignore")).exists());
}

#[test]
fn nothing_is_overwritten_and_bad_names_are_refused() {
    let folder = Folder::new();
    let here = folder.path("");
    folder.file("old/src/main.tell", PING);
    tellc_in(&here, &["new", "old"]).ends(2).says("exists already");
    tellc_in(&here, &["init", "old"]).ends(0).says("kept     old/src/main.tell");
    assert_eq!(read(&folder.path("old/src/main.tell")), PING);
    tellc_in(&here, &["check", "old"]).ends(0);
    tellc_in(&here, &["init", "old"]).ends(2).says("is a package already");
    for (name, why) in [("9lives", "digit"), ("my-shop", "letters"), ("loop", "keyword"), ("std", "standard library")] {
        tellc_in(&here, &["new", name]).ends(2).says(why).says("help");
    }
    tellc_in(&here, &["new", "my-shop", "--name", "shop"]).ends(0);
    assert!(read(&folder.path("my-shop/tell.toml")).contains("name = \"shop\""));
    assert_eq!(folder.names(), ["my-shop", "old"]);
}

#[test]
fn a_module_is_the_same_from_wherever_it_is_checked() {
    let folder = Folder::new();
    folder.file("lib/a.tell", "module lib.a\n\nimport lib.b exposing (T)\n\ntype U = | U(T)\n");
    folder.file("lib/b.tell", "module lib.b\n\ntype T\n");
    for (from, file) in [("", "lib/a.tell"), ("lib", "a.tell"), ("lib", "../lib/a.tell"), ("lib", "./a.tell")] {
        tellc_in(&folder.path(from), &["check", file]).ends(0).says("no mistakes found");
    }
    let all = folder.path("lib/a.tell");
    tellc_in("/", &["check", &all, "-"]).ends(0).says("2 files checked");
}

const FAULTY: &str = "protocol Div(A, B; x : Int at A) =\n  A -> B : Quotient(y : Int = 10 / x)\n";

#[test]
fn tests_pass_fail_and_say_why() {
    let folder = Folder::new();
    folder.file("tell.toml", "[package]\nname = \"p\"\nedition = \"1\"\n");
    folder.file("tests/good.tell", format!("--! expect: ok\n--! run: --arg A.x=5\n--! final: B.y = 2\n{FAULTY}"));
    folder.file(
        "tests/fault.tell",
        format!("--! expect: ok\n--! run: --arg A.x=0\n--! fault: vm.fault.arithmetic\n{FAULTY}"),
    );
    folder.file("tests/wrong.tell", "--! expect: E0202 @ 3:8\nprotocol P(A, B) =\n  A -> Bb : M\n");
    let here = folder.path("");
    tellc_in(&here, &["test"]).ends(0).prints("running 3 tests").prints("3 passed; 0 failed");
    folder.file("tests/value.tell", format!("--! expect: ok\n--! run: --arg A.x=5\n--! final: B.y = 3\n{FAULTY}"));
    folder.file("tests/none.tell", format!("--! expect: E0301\n{FAULTY}"));
    folder.file(
        "tests/no_fault.tell",
        format!("--! expect: ok\n--! run: --arg A.x=1\n--! fault: vm.fault.arithmetic\n{FAULTY}"),
    );
    folder.file("tests/faults.tell", format!("--! expect: ok\n--! run: --arg A.x=0\n{FAULTY}"));
    let ran =
        tellc_in(&here, &["test"]).ends(1).prints("3 passed; 4 failed").prints("test tests/value.tell ... FAILED");
    let ran = ran.prints("expected: B.y = 3").prints("B.y = 2").prints("expected: E0301\nactual:   ok");
    ran.prints("expected: vm.fault.arithmetic\nactual:   a good end").prints("expected: a good end\nactual:   F0");
    tellc_in(&here, &["test", "--filter", "good"]).ends(0).prints("1 passed; 0 failed; 6 filtered out");
    tellc_in(&here, &["test", "tests/wrong.tell"]).ends(0).prints("1 passed");
    folder.file("tests/silent.tell", FAULTY);
    tellc_in(&here, &["test", "--filter", "silent"]).ends(2).prints("NO TEST").prints("--! expect: ok");
    tellc_in(&here, &["test", "none"]).ends(2).says("E0703");
}

#[test]
fn repairs_are_applied_until_nothing_is_left() {
    let folder = Folder::new();
    let text =
        "import std.console\r\nimport std.random exposing (Random)\r\n\r\nprotocol P(A, B) =\r\n\tA -> B : M\r\n";
    let file = folder.file("p.tell", text);
    let ran = tellc(&["check", "--fix", &file]).ends(0).says("fixed").says("W0202").says("E0107").says("no mistakes");
    assert!(ran.out.is_empty());
    let repaired = read(&file);
    assert!(
        repaired.starts_with("\r\nprotocol P(A, B) =\r\n ") && repaired.ends_with(" A -> B : M\r\n"),
        "{repaired:?}"
    );
    tellc(&["check", "--fix", &file]).ends(0);
    assert_eq!(read(&file), repaired, "a second time nothing is left");
    let file = folder.file("q.tell", text);
    tellc(&["check", "--fix", "--code", "E0107", &file]).ends(0).says("2 warnings");
    tellc(&["check", "--fix", "--code", "E9999", &file]).ends(2).says("no code `E9999`");
    let ran = tellc_with(&["check", "--fix", "-"], text.as_bytes()).ends(0);
    assert_eq!(ran.out, repaired);
    let names = "import std.random exposing (Random)\nimport std.state exposing (State)\nprotocol P(A, B) uses Random =\n  A -> B : M\n  let n at B = do Random.int(1, 2)\n";
    let file = folder.file("r.tell", names);
    tellc(&["check", "--fix", &file]);
    assert!(!read(&file).contains("State") && read(&file).contains("Random"));
}

/// A watching process, and the lines it says.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn new(args: &[&str]) -> Self {
        let mut command = command(args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (tell, lines) = channel();
        let said = child.stderr.take().expect("piped");
        std::thread::spawn(move || {
            BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Self { child, lines }
    }

    /// What it says up to the line in which it waits again.
    fn round(&self) -> String {
        let mut all = String::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("it says: {all}"));
            all.push_str(&line);
            all.push('\n');
            if line.contains("waiting for changes") {
                return all;
            }
        }
    }

    /// Ctrl-C.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("there is a `kill`").success());
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn a_watched_check_notices_every_kind_of_change() {
    let folder = Folder::new();
    let main = folder.file("main.tell", "import lib.a\nprotocol P(A, B) =\n  A -> B : M(x : lib.a.T)\n");
    let watching = Watching::new(&["check", "--watch", &main]);
    assert!(watching.round().contains("E0207"));
    // A file that was missing, in a folder that was missing.
    let imported = folder.file("lib/a.tell", "type T\n");
    assert!(watching.round().contains("no mistakes found"));
    // Editors write a new file and give it the old name.
    let other = folder.file("lib/a.tell.new", "type U\n");
    std::fs::rename(other, &imported).expect("it is there");
    assert!(watching.round().contains("E0201"));
    std::fs::remove_file(&imported).expect("it is there");
    assert!(watching.round().contains("E0207"));
    folder.file("lib/a.tell", "type T\n");
    assert!(watching.round().contains("no mistakes found"));
    folder.file("tell.toml", "[package]\nname = \"p\"\n");
    assert!(watching.round().contains("E0271"));
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn watched_folders_notice_new_files_and_other_commands_watch_too() {
    let folder = Folder::new();
    folder.file("a.tell", PING);
    let watching = Watching::new(&["check", "--watch", &folder.path("")]);
    assert!(watching.round().contains("1 file checked"));
    folder.file("deep/b.tell", PING);
    assert!(watching.round().contains("2 files checked"));
    assert_eq!(watching.interrupt(), Some(0));
    let main = folder.file("run.tell", PING);
    let watching = Watching::new(&["run", "--watch", &main, "--arg", "A.x=1"]);
    watching.round();
    folder.file("run.tell", "protocol Ping(A, B) =\n  A -> Bb : M\n");
    assert!(watching.round().contains("E0202"));
    assert_eq!(watching.interrupt(), Some(0));
    let watching = Watching::new(&["build", "--watch", &folder.path("a.tell")]);
    watching.round();
    assert!(folder.names().contains(&"a.tellimg".to_owned()));
    assert_eq!(watching.interrupt(), Some(0));
    tellc_with(&["check", "--watch", "-"], b"").ends(2).says("standard input");
}
