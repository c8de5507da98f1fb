//! `tellc check`: every diagnostic of files and folders.

use crate::args::Check;
use crate::compile::{check_global, check_program};
use crate::explore::explore;
use crate::input::{Input, is_dash, read_as};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::fs;
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
    /// Whether a file had more mistakes than are kept.
    cut: bool,
    /// The worst that happened besides.
    exit: Option<Exit>,
}

/// Checks everything that was named.
///
/// # Errors
/// Those of standard output, and `E0703` for folders.
pub(crate) fn check(args: &Check, output: &Output) -> Result<Exit, Trouble> {
    let mut tally = Tally::default();
    for path in &args.paths {
        let result = match is_folder(path) {
            true => programs(path),
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
        Ok(Input::Program { name, text }) => Ok(check_program(&name, &text)),
        Ok(Input::Global { name, text }) => check_global(&name, &text),
        Ok(Input::Image { name, .. }) => {
            Err(Trouble::usage(format!("`{name}` is an image, not a program: `tellc verify {name}` checks it")))
        }
        Err(trouble) => Err(trouble),
    };
    match checked {
        Ok(mut checked) => {
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
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    tally.errors += errors;
    tally.cut |= diagnostics.len() == MAX_DIAGNOSTICS;
    tally.warnings += diagnostics.len() - errors;
    Ok(output.findings(diagnostics, files)?)
}

/// A file that could not be checked does not keep the others from it.
fn note(trouble: Trouble, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    let Trouble::Report(report) = trouble else { return Err(trouble) };
    if report.exit != Exit::Wrong {
        tally.exit = Some(report.exit);
    }
    found(&report.diagnostics, &report.files, tally, output)
}

/// All `.tell` files below a folder, in order of their names. Hidden folders and links to folders are left out.
///
/// # Errors
/// `E0703`, also if there is none.
pub(crate) fn programs(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let failed = |path: &Path, error: &std::io::Error| Trouble::io("read", &path.display().to_string(), error);
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| failed(&path, &error))?;
            if kind.is_dir() {
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "tell") {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let text = format!("there is no `.tell` file below `{}`", folder.display());
        return Err(Trouble::plain(Diagnostic::new(Code("E0703"), text).help("name a file, or another folder")));
    }
    found.sort();
    // `./a.tell` is `a.tell`
    Ok(found.into_iter().map(|path| path.strip_prefix(".").map_or(path.clone(), Path::to_owned)).collect())
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
    format!("{} checked: {found}", count(tally.files, "file"))
}
