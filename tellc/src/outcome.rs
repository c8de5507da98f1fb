//! How a command ends: exit codes, what stops it, and what a bug of ours looks like.

use crate::output::Output;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Files;

/// The exit codes of TOOLS §1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Ok = 0,
    /// The program is wrong, or what it was given.
    Wrong = 1,
    /// The command line is wrong, or a file could not be read or written.
    Usage = 2,
    /// A run did not end well.
    Faulted = 3,
    /// A bug of ours.
    Bug = 101,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What stops a command.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Diagnostics, and the files they point into.
    Report(Box<Report>),
    /// The command line contradicts itself.
    Usage(Box<clap::Error>),
    /// Standard output cannot be written.
    Output(io::Error),
}

/// Diagnostics that stop a command.
#[derive(Debug)]
pub(crate) struct Report {
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The files the labels point into.
    pub(crate) files: Files,
    /// How the command ends.
    pub(crate) exit: Exit,
}

impl Trouble {
    /// Diagnostics; the exit code follows from them.
    pub(crate) fn report(diagnostics: Vec<Diagnostic>, files: Files) -> Self {
        let exit = diagnostics.iter().map(exit_of).max_by_key(|exit| *exit as u8).unwrap_or(Exit::Wrong);
        Self::Report(Box::new(Report { diagnostics, files, exit }))
    }

    /// One diagnostic that points into no file.
    pub(crate) fn plain(diagnostic: Diagnostic) -> Self {
        Self::report(vec![diagnostic], Files::default())
    }

    /// A mistake on the command line that no grammar can see.
    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        use clap::CommandFactory;
        let mut command = crate::args::Cli::command();
        Self::Usage(Box::new(command.error(clap::error::ErrorKind::ValueValidation, message)))
    }

    /// A file the operating system refused.
    pub(crate) fn io(verb: &str, name: &str, error: &io::Error) -> Self {
        let text = format!("`{name}` cannot be {verb}: {}", reason(error));
        let help = match error.kind() {
            io::ErrorKind::NotFound => "check the name, and the folder it is looked for in",
            io::ErrorKind::PermissionDenied => "check who may read and write it",
            io::ErrorKind::IsADirectory => "name a file; only `tellc check` and `tellc fmt` take folders",
            io::ErrorKind::StorageFull => "make room, or write to another place",
            _ => "this is what the operating system says about it",
        };
        Self::plain(Diagnostic::new(Code("E0703"), text).help(help))
    }
}

impl From<io::Error> for Trouble {
    /// Only standard output is written with `?`.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// What the operating system says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Names on the command line and files are the user's command, the rest is the program and what it was given.
fn exit_of(diagnostic: &Diagnostic) -> Exit {
    match diagnostic.code.0 {
        "E0703" | "E0704" => Exit::Usage,
        code if code.starts_with('F') => Exit::Faulted,
        _ => Exit::Wrong,
    }
}

/// Prints what stopped the command, if anything, and says how it ended.
pub(crate) fn finish(result: Result<Exit, Trouble>, output: &Output) -> Exit {
    let result = result.and_then(|exit| {
        output.flush()?;
        Ok(exit)
    });
    let exit = match result {
        Ok(exit) => exit,
        Err(Trouble::Report(report)) => match output.flush() {
            Ok(()) => {
                output.diagnostics(&report.diagnostics, &report.files);
                report.exit
            }
            Err(error) => unwritten(&error, output),
        },
        Err(Trouble::Usage(error)) => usage(&error),
        Err(Trouble::Output(error)) => unwritten(&error, output),
    };
    if PANICKED.load(Ordering::Relaxed) { Exit::Bug } else { exit }
}

/// Whoever read our output has seen enough, or the output could not be written.
fn unwritten(error: &io::Error, output: &Output) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Ok;
    }
    if let Trouble::Report(report) = Trouble::io("written", "standard output", error) {
        output.diagnostics(&report.diagnostics, &report.files);
    }
    Exit::Usage
}

/// Prints a mistake on the command line, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    // Where this cannot be printed nothing can.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Ok }
}

static PANICKED: AtomicBool = AtomicBool::new(false);

/// Makes a panic an "internal error" that asks to be reported.
///
/// The machine catches panics of handlers; as those of `tellc` and the standard library never panic, these too are
/// bugs of ours and reported as such.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANICKED.store(true, Ordering::Relaxed);
        let payload = info.payload();
        let text =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no message");
        let place = info.location().map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("internal error, please report: {text}{place}, tellc {version}\n");
        // Where this cannot be printed nothing can.
        let _ = io::Write::write_all(&mut io::stderr(), text.as_bytes());
    }));
}
