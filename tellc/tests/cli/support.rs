//! Running the program and looking at what it did.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It ended with this code, and no panic was reported.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.contains("panicked") && !self.err.contains("internal error"), "{self:?}");
        self
    }

    /// Standard error says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in {self:?}");
        self
    }

    /// Standard output has this.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text:?} is not in {self:?}");
        self
    }
}

/// The program, told nothing about colour.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tellc"));
    command.args(args).env_remove("NO_COLOR").current_dir(root());
    command
}

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the workspace").to_owned()
}

/// Runs it without standard input.
pub(crate) fn tellc(args: &[&str]) -> Ran {
    Ran::of(&command(args).stdin(Stdio::null()).output().expect("it starts"))
}

/// Runs it with standard input.
pub(crate) fn tellc_with(args: &[&str], input: &[u8]) -> Ran {
    let mut command = command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // Whoever does not want the input may close it.
    let _ = child.stdin.take().expect("piped").write_all(input);
    Ran::of(&child.wait_with_output().expect("it ends"))
}

/// A folder of files for one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room"))
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("there is room");
        std::fs::write(&path, content).expect("there is room");
        self.path(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Names of all files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("it exists");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

pub(crate) const PING: &str =
    "protocol Ping(A, B; x : Int at A) =\n  A -> B : Ping(x)\n  B -> A : Pong(y : Int = x + 1)\n";

pub(crate) const WRONG: &str = "protocol Ping(A, B) =\n  A -> Bb : Ping\n  A -> B : Pong(y : Itn = 1)\n";

pub(crate) const ENDLESS: &str = "\
protocol Endless(A, B) =
  var n at A : Int = 0
  rec Again
    A -> B : Tick(count : Int = n)
    n := n + 1
    continue Again
";

pub(crate) const CHOICE: &str = "\
protocol Pick(A, B) =
  rec Again
    choice A at
      | More =>
          A -> B : More
          continue Again
      | Stop => A -> B : Stop
";

/// A local type that sends before it receives.
pub(crate) const AHEAD: &str = r#"{"kind":"send","partner":"B","branches":[{"label":{"name":"x","sort":"unit"},
"continuation":{"kind":"recv","partner":"B","branches":[{"label":{"name":"y","sort":"int"},"continuation":{"kind":"end"}}]}}]}"#;

/// The other way round.
pub(crate) const BEHIND: &str = r#"{"kind":"recv","partner":"B","branches":[{"label":{"name":"y","sort":"int"},
"continuation":{"kind":"send","partner":"B","branches":[{"label":{"name":"x","sort":"unit"},"continuation":{"kind":"end"}}]}}]}"#;
