//! `tellc test`: holds programs to what their first lines say of them (`tell_language::verdict`).
//!
//! A program is checked here and run by a process of its own, as a person would: what ends that, a fault, a limit or a
//! bug of ours, ends one test.

use crate::args::{Format, Test};
use crate::compile::check_sized;
use crate::explain::fault_code;
use crate::input::{Input, read_as};
use crate::manifest;
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::package::folder_above;
use crate::{programs, seen};
use serde::Serialize;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use tell_compiler::pipeline::Checked;
use tell_language::diagnostic::Diagnostic;
use tell_language::verdict::{Expected, Verdict};

/// Runs the tests that were named.
///
/// # Errors
/// Files that cannot be read, and packages that are wrong.
pub(crate) fn test(args: &Test, output: &Output) -> Result<Exit, Trouble> {
    let start = Instant::now();
    let mut tests = Vec::new();
    for path in &args.paths {
        tests.extend(tests_of(path)?);
    }
    let all = tests.len();
    tests.retain(|test| args.filter.as_ref().is_none_or(|filter| test.display().to_string().contains(filter)));
    let mut summary = Summary { passed: 0, failed: 0, unusable: 0, filtered: all - tests.len(), milliseconds: 0 };
    let is_human = output.format() == Format::Human;
    if is_human {
        output.line(format_args!("running {}", counted(tests.len())))?;
    }
    let mut failures = Vec::new();
    for path in &tests {
        let report = report(path)?;
        match report.outcome {
            Outcome::Ok => summary.passed += 1,
            Outcome::Failed => summary.failed += 1,
            Outcome::Unusable => summary.unusable += 1,
        }
        if is_human {
            output.line(format_args!("test {} ... {}", report.test, report.outcome.text()))?;
        } else {
            output.line(serde_json::to_value(&report).expect("plain data becomes JSON"))?;
        }
        output.flush()?;
        if report.outcome != Outcome::Ok {
            failures.push(report);
        }
    }
    summary.milliseconds = milliseconds(start);
    if is_human {
        in_words(&failures, &summary, output)?;
    } else {
        output.line(serde_json::json!({ "summary": summary }))?;
    }
    Ok(match &summary {
        Summary { unusable: 1.., .. } => Exit::Usage,
        Summary { failed: 1.., .. } => Exit::Wrong,
        _ => Exit::Ok,
    })
}

/// How a test went (schema `docs/schema/test.json`).
#[derive(Debug, Serialize)]
struct Report {
    test: String,
    outcome: Outcome,
    /// What its first lines say, and what was found instead; empty if it passed.
    expected: Vec<String>,
    actual: Vec<String>,
    milliseconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Failed,
    /// It says nothing that could be tested.
    Unusable,
}

impl Outcome {
    const fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Unusable => "NO TEST",
        }
    }
}

#[derive(Debug, Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
    unusable: usize,
    filtered: usize,
    milliseconds: u64,
}

/// The tests a path stands for: a file, the `tests` of a package, or all below another folder.
fn tests_of(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if path.join(manifest::FILE).is_file() {
        return programs::named(&path.join("tests"));
    }
    match folder_above(path) {
        // `tellc test` somewhere inside of a package.
        Some(package) if path.as_os_str() == "." => programs::named(&package.join("tests")),
        _ => programs::named(path),
    }
}

/// What was expected and what was found instead.
struct Difference {
    expected: Vec<String>,
    actual: Vec<String>,
}

impl Difference {
    fn new(expected: impl Into<String>, actual: Vec<String>) -> Self {
        Self { expected: vec![expected.into()], actual }
    }
}

fn report(path: &Path) -> Result<Report, Trouble> {
    let start = Instant::now();
    let Input::Program { name, text } = read_as(path, None)? else {
        return Err(Trouble::usage(format!("`{}` is no program", path.display())));
    };
    let (outcome, difference) = match Verdict::of_corpus(&text) {
        Err(message) => {
            let help =
                "the first lines of a test say what is expected: `--! expect: ok`, or `--! expect: E0302 @ 7:12`";
            (Outcome::Unusable, Some(Difference::new(help, vec![message])))
        }
        Ok(verdict) => {
            let checked = check_sized(&name, &text, &verdict.binds)?;
            let difference = match found_otherwise(&checked, &verdict) {
                None => ran_otherwise(path, &verdict)?,
                difference => difference,
            };
            (if difference.is_none() { Outcome::Ok } else { Outcome::Failed }, difference)
        }
    };
    let Difference { expected, actual } = difference.unwrap_or(Difference { expected: Vec::new(), actual: Vec::new() });
    Ok(Report { test: name, outcome, expected, actual, milliseconds: milliseconds(start) })
}

/// How the diagnostics differ from those of the verdict.
fn found_otherwise(checked: &Checked, verdict: &Verdict) -> Option<Difference> {
    let place = |diagnostic: &Diagnostic| {
        let label = diagnostic.labels.first()?;
        Some(checked.program.files.line_column(label.file, label.span.start))
    };
    let is_it = |(expected, found): (&Expected, &Diagnostic)| {
        expected.code == found.code.0 && (expected.at.is_none() || expected.at == place(found))
    };
    let (wanted, found) = (&verdict.diagnostics, &checked.diagnostics);
    if wanted.len() == found.len() && wanted.iter().zip(found).all(is_it) {
        return None;
    }
    let in_words = |diagnostic: &Diagnostic| {
        let at = place(diagnostic).map_or(String::new(), |(line, column)| format!(" @ {line}:{column}"));
        format!("{}{at}: {}", diagnostic.code.0, diagnostic.message)
    };
    Some(Difference {
        expected: or_ok(wanted.iter().map(ToString::to_string).collect()),
        actual: or_ok(found.iter().map(in_words).collect()),
    })
}

fn or_ok(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["ok".to_owned()] } else { lines }
}

/// How a run differs from what the verdict says of it; a program without such lines is not run.
fn ran_otherwise(path: &Path, verdict: &Verdict) -> Result<Option<Difference>, Trouble> {
    let is_run = verdict.run.is_some() || verdict.fault.is_some() || !verdict.finals.is_empty();
    if !is_run || !verdict.is_accepted() {
        return Ok(None);
    }
    let ran = Ran::of(path, verdict).map_err(|error| Trouble::io("run", &path.display().to_string(), &error))?;
    let ended = match &verdict.fault {
        None if ran.exit == Some(0) => None,
        None => Some("a good end".to_owned()),
        Some(fault) if ran.exit == Some(3) && fault_code(fault).is_some_and(|code| ran.has_code(code)) => None,
        Some(fault) => Some(fault.clone()),
    };
    if let Some(expected) = ended {
        return Ok(Some(Difference::new(expected, ran.ending())));
    }
    let finals = verdict.finals.iter().map(|value| format!("{}.{} = {}", value.role, value.name, value.value));
    let missing: Vec<String> = finals.filter(|line| !ran.lines.contains(line)).collect();
    let difference = Difference { expected: missing, actual: ran.lines };
    Ok(Some(difference).filter(|difference| !difference.expected.is_empty()))
}

/// What a run printed and how it ended.
struct Ran {
    exit: Option<i32>,
    lines: Vec<String>,
    /// Its diagnostics, as JSON lines.
    errors: Vec<String>,
}

impl Ran {
    fn of(path: &Path, verdict: &Verdict) -> io::Result<Self> {
        let flags = verdict.run.as_deref().unwrap_or_default();
        let sizes = verdict.binds.iter().map(|(name, size)| format!("--bind={name}={size}"));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // What flags name may be files.
        flags
            .split_whitespace()
            .map(|word| folder.join(word))
            .filter(|file| file.is_file())
            .for_each(|file| seen::file(&file));
        let output = Command::new(std::env::current_exe()?)
            .args(["run", "--quiet", "--format", "json"])
            .args(sizes)
            .args(flags.split_whitespace())
            .args([OsStr::new("--"), path.file_name().unwrap_or_default()])
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()?;
        let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
        Ok(Self { exit: output.status.code(), lines: lines(&output.stdout), errors: lines(&output.stderr) })
    }

    fn diagnostics(&self) -> impl Iterator<Item = serde_json::Value> {
        self.errors.iter().filter_map(|line| serde_json::from_str(line).ok())
    }

    fn has_code(&self, code: &str) -> bool {
        self.diagnostics().any(|diagnostic| diagnostic["code"] == code)
    }

    /// How it ended, in words.
    fn ending(self) -> Vec<String> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let said = self.diagnostics().map(|found| format!("{}: {}", text(&found["code"]), text(&found["message"])));
        let said: Vec<String> = said.collect();
        match self.exit {
            _ if !said.is_empty() => said,
            Some(0) => vec!["a good end".to_owned()],
            // A command line that is wrong is no JSON.
            _ if !self.errors.is_empty() => self.errors,
            exit => vec![format!("it ended with {exit:?}")],
        }
    }
}

/// What went wrong, and how much of all.
fn in_words(failures: &[Report], summary: &Summary, output: &Output) -> io::Result<()> {
    for Report { test, expected, actual, .. } in failures {
        output.line(format_args!("\n---- {test} ----"))?;
        for (title, lines) in [("expected", expected), ("actual", actual)] {
            let mut title = format!("{title}:");
            for line in lines {
                output.line(format_args!("{title:<9} {line}"))?;
                title.clear();
            }
        }
    }
    let Summary { passed, failed, unusable, filtered, milliseconds } = summary;
    let result = if failures.is_empty() { "ok" } else { "FAILED" };
    let unusable = if *unusable == 0 { String::new() } else { format!("; {unusable} without a verdict") };
    let (seconds, hundredths) = (milliseconds / 1000, milliseconds % 1000 / 10);
    output.line(format_args!(
        "\ntest result: {result}. {passed} passed; {failed} failed{unusable}; {filtered} filtered out; finished in \
         {seconds}.{hundredths:02}s"
    ))
}

fn counted(count: usize) -> String {
    format!("{count} test{}", if count == 1 { "" } else { "s" })
}

fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
