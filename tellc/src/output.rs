//! Where results and diagnostics go: results to standard output, everything else to standard error.

use crate::args::{ColorChoice, Format, Settings};
use serde::Serialize;
use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::rc::Rc;
use tell_language::diagnostic::{Diagnostic, Severity};
use tell_language::render::render;
use tell_language::span::Files;

/// A handle on both streams; clones write to the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// Whether diagnostics are coloured.
    color: bool,
    format: Format,
    quiet: bool,
    out: Rc<RefCell<BufWriter<Stdout>>>,
}

impl Output {
    /// The streams of this process.
    pub(crate) fn new(settings: &Settings) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match settings.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                io::stderr().is_terminal() && !set("NO_COLOR") && !dumb
            }
        };
        let out = Rc::new(RefCell::new(BufWriter::new(io::stdout())));
        Self { color, format: settings.format, quiet: settings.quiet, out }
    }

    /// Whether only results and errors are wanted.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The form of diagnostics.
    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// A line of the result.
    ///
    /// # Errors
    /// Those of standard output; likewise below.
    pub(crate) fn line(&self, text: impl Display) -> io::Result<()> {
        writeln!(self.out.borrow_mut(), "{text}")
    }

    /// Bytes of the result.
    ///
    /// # Errors
    /// Those of standard output.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        self.out.borrow_mut().write_all(bytes)
    }

    /// Makes sure that everything so far is written.
    ///
    /// # Errors
    /// Those of standard output.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.out.borrow_mut().flush()
    }

    /// Text for people: on standard output, but on standard error where that carries JSON.
    ///
    /// # Errors
    /// Those of standard output.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        if self.format == Format::Human {
            return self.bytes(text.as_bytes());
        }
        to_stderr(text.as_bytes());
        Ok(())
    }

    /// A line about the work, for people; none with `--quiet` or JSON.
    pub(crate) fn status(&self, text: impl Display) {
        if !self.quiet && self.format == Format::Human {
            to_stderr(format!("{text}\n").as_bytes());
        }
    }

    /// Diagnostics on standard error. With `--quiet`, errors only.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], files: &Files) {
        let wanted: Vec<Diagnostic> =
            diagnostics.iter().filter(|diagnostic| diagnostic.is_error() || !self.quiet).cloned().collect();
        match self.format {
            Format::Json => to_stderr(json_lines(&wanted, files).as_bytes()),
            Format::Human => {
                let mut text = Vec::new();
                render(&wanted, files, self.color, &mut text).expect("writing to memory succeeds");
                to_stderr(&text);
            }
        }
    }

    /// Diagnostics that are the result of a command: JSON goes to standard output.
    ///
    /// # Errors
    /// Those of standard output.
    pub(crate) fn findings(&self, diagnostics: &[Diagnostic], files: &Files) -> io::Result<()> {
        match self.format {
            Format::Json => self.bytes(json_lines(diagnostics, files).as_bytes()),
            Format::Human => {
                self.diagnostics(diagnostics, files);
                Ok(())
            }
        }
    }

    /// The JSON object of a command that prints one and cannot: what is wrong.
    ///
    /// # Errors
    /// Those of standard output.
    pub(crate) fn refusal(&self, diagnostics: &[Diagnostic], files: &Files) -> io::Result<()> {
        let diagnostics: Vec<serde_json::Value> =
            diagnostics.iter().map(|diagnostic| json(diagnostic, files)).collect();
        self.line(serde_json::json!({ "ok": false, "diagnostics": diagnostics }))
    }
}

fn to_stderr(bytes: &[u8]) {
    // There is no other place to complain at.
    let _ = io::stderr().lock().write_all(bytes);
}

fn json_lines(diagnostics: &[Diagnostic], files: &Files) -> String {
    diagnostics.iter().map(|diagnostic| format!("{}\n", json(diagnostic, files))).collect()
}

/// A diagnostic as JSON (schema `docs/schema/diagnostic.json`).
fn json(diagnostic: &Diagnostic, files: &Files) -> serde_json::Value {
    let labels = diagnostic.labels.iter().map(|label| {
        let (line, column) = files.line_column(label.file, label.span.start);
        let (start, end) = (label.span.start, label.span.end);
        JsonLabel { file: &files.get(label.file).name, start, end, line, column, text: &label.text }
    });
    let fixes = diagnostic.fixes.iter().map(|fix| JsonFix {
        start: fix.span.start,
        end: fix.span.end,
        replacement: &fix.replacement,
    });
    let object = JsonDiagnostic {
        code: diagnostic.code.0,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        labels: labels.collect(),
        notes: &diagnostic.notes,
        help: diagnostic.help.as_deref(),
        fixes: fixes.collect(),
    };
    serde_json::to_value(object).expect("plain data becomes JSON")
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    labels: Vec<JsonLabel<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    fixes: Vec<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    file: &'a str,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    start: u32,
    end: u32,
    replacement: &'a str,
}
