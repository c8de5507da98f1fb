//! Text to image, with the standard library and the default limits.

use crate::verdict::Verdict;
use tell_compiler::pipeline::{self, BuildError, Checked};
use tell_compiler::project::Limits;
use tell_compiler::sources::{NoModule, Source, Sources, Wanted, of_library};
use tell_ir::image::CodeImage;
use tell_language::diagnostic::Diagnostic;
use tell_language::dump::{ast_dump, same};
use tell_language::parse::parse;
use tell_language::print::print;
use tell_language::render::render;
use tell_language::span::{FileId, Files};
use tell_language::symbol::Interner;

/// The standard modules and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Std;

impl Sources for Std {
    fn own_name(&self, _: Option<&str>) -> Option<String> {
        None
    }

    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule> {
        of_library(tell_stdlib::sources(), wanted.name)
    }
}

/// Checks a text, with the sizes of its `--! bind:` lines.
#[must_use]
pub fn check(name: &str, text: &str) -> Checked {
    let binds = Verdict::of_page(text).map(|verdict| verdict.binds).unwrap_or_default();
    pipeline::check_sized(name, text, &Std, &binds, Limits::default())
}

/// The image of the first protocol of a text without errors.
///
/// # Errors
/// The diagnostics, rendered.
pub fn build(name: &str, text: &str) -> Result<CodeImage, String> {
    let checked = check(name, text);
    if checked.has_errors() {
        return Err(rendered(&checked.diagnostics, &checked.program.files));
    }
    image(&checked)
}

/// The image of the first protocol of a checked text.
///
/// # Errors
/// The diagnostics, rendered.
pub fn image(checked: &Checked) -> Result<CodeImage, String> {
    // What a program does is the same whatever is known about its channels.
    let limits = Limits { explored_states: 500, ..Limits::default() };
    pipeline::build(checked, None, limits).map_err(|error| match error {
        BuildError::NoProtocol => "there is no protocol".to_owned(),
        BuildError::Rejected(diagnostics) => rendered(&diagnostics, &checked.program.files),
    })
}

/// What keeps the first protocol of a checked text from being built, as a verdict writes it.
#[must_use]
pub fn refused(checked: &Checked) -> Vec<String> {
    match pipeline::build(checked, None, Limits::default()) {
        Err(BuildError::Rejected(diagnostics)) => codes(&diagnostics, &checked.program.files),
        Err(BuildError::NoProtocol) | Ok(_) => Vec::new(),
    }
}

/// Diagnostics as a terminal without colours shows them.
///
/// # Panics
/// Never: writing to memory succeeds.
#[must_use]
pub fn rendered(diagnostics: &[Diagnostic], files: &Files) -> String {
    let mut out = Vec::new();
    render(diagnostics, files, false, &mut out).expect("writing to memory succeeds");
    String::from_utf8(out).expect("diagnostics are text")
}

/// Codes and places as a verdict writes them.
#[must_use]
pub fn codes(diagnostics: &[Diagnostic], files: &Files) -> Vec<String> {
    let place = |diagnostic: &Diagnostic| {
        let label = diagnostic.labels.first()?;
        Some(files.line_column(label.file, label.span.start))
    };
    diagnostics
        .iter()
        .map(|diagnostic| match place(diagnostic) {
            Some((line, column)) => format!("{} @ {line}:{column}", diagnostic.code.0),
            None => diagnostic.code.0.to_owned(),
        })
        .collect()
}

/// Prints the tree of a text, parses that and compares; gives the printed text.
///
/// # Errors
/// What differs.
pub fn round_trip(text: &str) -> Result<String, String> {
    let mut names = Interner::default();
    let first = parse(FileId(0), text, &mut names);
    if first.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(format!("it does not parse: {:?}", first.diagnostics));
    }
    let printed = print(&first.ast, &names);
    let mut other_names = Interner::default();
    let second = parse(FileId(0), &printed, &mut other_names);
    if second.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(format!("what is printed does not parse: {:?}\n{printed}", second.diagnostics));
    }
    if !same(&first.ast, &names, &second.ast, &other_names) {
        let (a, b) = (ast_dump(&first.ast, &names), ast_dump(&second.ast, &other_names));
        return Err(format!("another program is printed:\n{printed}\n--- read\n{a}\n--- printed\n{b}"));
    }
    let again = print(&second.ast, &other_names);
    if again == printed { Ok(printed) } else { Err(format!("printing is not idempotent:\n{printed}\n---\n{again}")) }
}
