//! `tellc check`: every diagnostic of files and folders.

use crate::args::{Check, Sizes};
use crate::build::write_file;
use crate::compile::{check_global, check_sized, no_size};
use crate::explain::is_code;
use crate::explore::explore;
use crate::fix::{Fixed, fix};
use crate::input::{Input, is_dash, read_as};
use crate::manifest;
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::programs;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tell_compiler::pipeline::{Checked, MAX_DIAGNOSTICS};
use tell_compiler::project::Limits;
use tell_compiler::rung::Rung;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Files;

/// Counts of a whole check.
#[derive(Default)]
struct Tally {
    files: usize,
    errors: usize,
    warnings: usize,
    /// What was reported: a file is looked at again with every file that imports it.
    seen: BTreeSet<Place>,
    /// Whether a file had more mistakes than are kept.
    cut: bool,
    /// Names of sizes of families.
    sizes: BTreeSet<String>,
    /// Those that nothing gave, with what was taken for them.
    assumed: BTreeSet<String>,
    /// The worst that happened besides.
    exit: Option<Exit>,
}

/// A diagnostic: file, offset, code, message.
type Place = (PathBuf, u32, &'static str, String);

/// Checks everything that was named.
///
/// # Errors
/// Those of standard output, and `E0703` for folders.
pub(crate) fn check(args: &Check, output: &Output) -> Result<Exit, Trouble> {
    let mut tally = Tally::default();
    if let Some(unknown) = args.codes.iter().find(|code| !is_code(code)) {
        return Err(Trouble::usage(format!("there is no code `{unknown}`; `tellc explain` lists all")));
    }
    for path in &args.paths {
        let result = match is_folder(path) {
            true => programs::named(path).map(|files| without_tests(path, files)),
            false => Ok(vec![path.clone()]),
        };
        match result {
            Ok(files) => {
                for file in files {
                    check_file(&file, args, &mut tally, output)?;
                }
            }
            Err(trouble) => note(trouble, &mut tally, output)?,
        }
    }
    let unknown = args.sizes.by_name()?.into_keys().find(|name| !tally.sizes.contains(name));
    if let Some(name) = unknown {
        let known: Vec<String> = tally.sizes.iter().cloned().collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        note(no_size(&name, &known), &mut tally, output)?;
    }
    output.flush()?;
    output.status(summary(&tally));
    let found = if tally.errors > 0 { Exit::Wrong } else { Exit::Ok };
    Ok(tally.exit.unwrap_or(found))
}

/// Whether a path leads to a folder.
pub(crate) fn is_folder(path: &Path) -> bool {
    !is_dash(path) && path.is_dir()
}

fn check_file(path: &Path, args: &Check, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    tally.files += 1;
    let checked = match read_as(path, args.stdin_filename.as_deref()) {
        Ok(Input::Program { name, text }) if args.fix => fixed(path, &name, text, args, output),
        Ok(Input::Program { name, text }) => check_sized(&name, &text, &args.sizes.by_name()?),
        Ok(Input::Global { name, text }) => check_global(&name, &text, &Sizes::default()),
        Ok(Input::Image { name, .. }) => {
            Err(Trouble::usage(format!("`{name}` is an image, not a program: `tellc verify {name}` checks it")))
        }
        Err(trouble) => Err(trouble),
    };
    match checked {
        Ok(mut checked) => {
            tally.sizes.extend(checked.sizes().into_iter().map(str::to_owned));
            tally.assumed.extend(checked.assumed_sizes());
            if let Some(rung) = args.rung {
                let above = above(&checked, rung.into());
                checked.diagnostics.extend(above);
            }
            found(&checked.diagnostics, &checked.program.files, tally, output)?;
            if args.explore { explore(&checked, output) } else { Ok(()) }
        }
        Err(trouble) => note(trouble, tally, output),
    }
}

/// The files below a folder that are no tests of a package: those are checked, and expected to be wrong, by
/// `tellc test`.
fn without_tests(folder: &Path, files: Vec<PathBuf>) -> Vec<PathBuf> {
    let shown = folder.strip_prefix(".").unwrap_or(folder);
    let is_test = |file: &PathBuf| {
        let below = file.ancestors().skip(1).take_while(|above| *above != shown);
        below.into_iter().any(|above| {
            above.ends_with("tests") && above.parent().is_some_and(|package| package.join(manifest::FILE).is_file())
        })
    };
    files.into_iter().filter(|file| !is_test(file)).collect()
}

/// Repairs a program, writes it and checks what is left.
fn fixed(path: &Path, name: &str, text: String, args: &Check, output: &Output) -> Result<Checked, Trouble> {
    let binds = args.sizes.by_name()?;
    let Fixed { text: repaired, done, stopped } = fix(name, text, &args.codes, &binds)?;
    if is_dash(path) {
        output.bytes(repaired.as_bytes())?;
    } else if !done.is_empty() {
        write_file(path, repaired.as_bytes()).map_err(|error| Trouble::io("written", name, &error))?;
    }
    done.iter().chain(&stopped).for_each(|line| output.status(line));
    check_sized(name, &repaired, &binds)
}

/// `E0406`: roles that need a stronger rule than was asked for.
fn above(checked: &Checked, allowed: Rung) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for projected in &checked.projected {
        let graph = &projected.graph;
        for (role, needed) in graph.roles.iter().zip(projected.rungs(&checked.program, Limits::default())) {
            if needed.rung <= allowed {
                continue;
            }
            let text = format!("`{role}` needs the rung `{}`, above `{allowed}`", needed.rung);
            let mut diagnostic =
                Diagnostic::new(Code("E0406"), text).label(graph.file, graph.span, "in this protocol").help(format!(
                    "allow `--rung {}`, or let one and the same partner tell `{role}` of every choice",
                    needed.rung
                ));
            diagnostic.notes.extend(needed.because);
            found.push(diagnostic);
        }
    }
    found
}

fn found(diagnostics: &[Diagnostic], files: &Files, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    tally.cut |= diagnostics.len() == MAX_DIAGNOSTICS;
    let mut is_new = |diagnostic: &&Diagnostic| {
        let Some(label) = diagnostic.labels.first() else { return true };
        let name = PathBuf::from(&files.get(label.file).name);
        let file = std::path::absolute(&name).unwrap_or(name);
        tally.seen.insert((file, label.span.start, diagnostic.code.0, diagnostic.message.clone()))
    };
    let diagnostics: Vec<Diagnostic> = diagnostics.iter().filter(|found| is_new(found)).cloned().collect();
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    tally.errors += errors;
    tally.warnings += diagnostics.len() - errors;
    Ok(output.findings(&diagnostics, files)?)
}

/// A file that could not be checked does not keep the others from it.
fn note(trouble: Trouble, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    let Trouble::Report(report) = trouble else { return Err(trouble) };
    if report.exit != Exit::Wrong {
        tally.exit = Some(report.exit);
    }
    found(&report.diagnostics, &report.files, tally, output)
}

fn summary(tally: &Tally) -> String {
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let mut found = Vec::new();
    if tally.errors > 0 {
        let more = if tally.cut { " or more; the first ones are shown" } else { "" };
        found.push(format!("{}{more}", count(tally.errors, "error")));
    }
    if tally.warnings > 0 {
        found.push(count(tally.warnings, "warning"));
    }
    let found = if found.is_empty() { "no mistakes found".to_owned() } else { found.join(", ") };
    let assumed: Vec<&str> = tally.assumed.iter().map(String::as_str).collect();
    let assumed = match assumed.as_slice() {
        [] => String::new(),
        all => format!(" (with {}; `--bind` gives other sizes)", all.join(", ")),
    };
    format!("{} checked: {found}{assumed}", count(tally.files, "file"))
}
