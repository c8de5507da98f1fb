//! `tellc fmt`: programs in canonical form, in place or on standard output.

use crate::args::Fmt;
use crate::build::write_file;
use crate::check::is_folder;
use crate::input::{Input, is_dash, read_as};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::programs;
use std::path::Path;
use std::{fs, io};
use tell_language::format::format;
use tell_language::span::Files;

mod diff;

/// Counts of a whole run.
#[derive(Default)]
struct Tally {
    files: usize,
    changed: usize,
    refused: usize,
    /// The worst that happened.
    exit: Option<Exit>,
}

/// Formats everything that was named.
///
/// # Errors
/// Those of standard output, and a usage error.
pub(crate) fn fmt(args: &Fmt, output: &Output) -> Result<Exit, Trouble> {
    let mut tally = Tally::default();
    for path in &args.paths {
        let found = if is_folder(path) { programs::named(path) } else { Ok(vec![path.clone()]) };
        let done = found.and_then(|files| files.iter().try_for_each(|file| one(file, args, &mut tally, output)));
        done.or_else(|trouble| refused(trouble, &mut tally, output))?;
    }
    output.flush()?;
    if args.check || !args.paths.iter().any(|path| is_dash(path)) {
        output.status(summary(args.check, &tally));
    }
    let unformatted = if args.check && tally.changed > 0 { Exit::Wrong } else { Exit::Ok };
    Ok(tally.exit.unwrap_or(unformatted))
}

/// Formats a file; that it cannot be formatted does not keep the others from it.
fn one(path: &Path, args: &Fmt, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    tally.files += 1;
    file_or_stdin(path, args, tally, output).or_else(|trouble| refused(trouble, tally, output))
}

fn file_or_stdin(path: &Path, args: &Fmt, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    let Input::Program { name, text } = read_as(path, args.stdin_filename.as_deref())? else {
        return Err(Trouble::usage(format!(
            "`{}` is no program: only `.tell` text has a canonical form",
            path.display()
        )));
    };
    let formatted = format(&text).map_err(|diagnostics| {
        let mut files = Files::default();
        files.add(&name, &text);
        Trouble::report(diagnostics, files)
    })?;
    tally.changed += usize::from(formatted != text);
    if args.check {
        return if formatted == text { Ok(()) } else { would_change(&name, &text, &formatted, output) };
    }
    if is_dash(path) {
        return Ok(output.bytes(formatted.as_bytes())?);
    }
    if formatted != text {
        replace(path, &formatted).map_err(|error| Trouble::io("written", &name, &error))?;
        output.status(format_args!("formatted {name}"));
    }
    Ok(())
}

/// Writes a file, unless it is protected from that.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if fs::metadata(path)?.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    write_file(path, text.as_bytes())
}

fn would_change(name: &str, text: &str, formatted: &str, output: &Output) -> Result<(), Trouble> {
    let changes = if output.is_quiet() { String::new() } else { diff::diff(text, formatted) };
    Ok(output.text(&format!("{name}\n{changes}"))?)
}

/// Reports why something was not formatted.
fn refused(trouble: Trouble, tally: &mut Tally, output: &Output) -> Result<(), Trouble> {
    let Trouble::Report(report) = trouble else { return Err(trouble) };
    tally.refused += 1;
    tally.exit = tally.exit.into_iter().chain([report.exit]).max_by_key(|exit| *exit as u8);
    Ok(output.findings(&report.diagnostics, &report.files)?)
}

fn summary(check: bool, tally: &Tally) -> String {
    let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let changed = if check { "would change" } else { "changed" };
    let refused = match tally.refused {
        0 => String::new(),
        count => format!(", {} left alone", files(count)),
    };
    format!("{} read: {} {changed}{refused}", files(tally.files), files(tally.changed))
}
