//! `tellc asm`: an image of its text.

use crate::args::Asm;
use crate::build::{target, write_image};
use crate::compile::rejected;
use crate::input::{at_line, bytes, is_dash, shown, text};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use tell_ir::asm::{AsmError, assemble};
use tell_ir::verify::verify;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::render::one_line;
use tell_language::span::{Files, Span};

/// Reads the text of an image and writes the image; the verifier's verdict keeps it from that only with `--check`.
///
/// # Errors
/// `E0603` to `E0606` for the text, `E0602` with `--check`, and what is wrong with the files.
pub(crate) fn asm(args: &Asm, output: &Output) -> Result<Exit, Trouble> {
    let file = &args.source.file;
    let target = target(file, args.output.as_deref())?;
    let name = match &args.source.stdin_filename {
        Some(name) if is_dash(file) => name.clone(),
        _ => shown(file),
    };
    let text = text(&name, bytes(file)?)?;
    let image = assemble(&text).map_err(|error| unreadable(&name, &text, &error))?;
    let verdict = match verify(image.clone()) {
        Ok(_) => "verified".to_owned(),
        Err(error) if args.check => return Err(Trouble::plain(rejected(&name, &error, Some(&image)))),
        Err(error) => one_line(&format!("refused by {error}")).into_owned(),
    };
    write_image(&target, &image, output)?;
    if is_dash(&target) {
        output.status(format_args!("verdict       {verdict}"));
    } else if !output.is_quiet() {
        output.line(format_args!("verdict       {verdict}"))?;
    }
    Ok(Exit::Ok)
}

/// A text that is not that of an image.
fn unreadable(name: &str, text: &str, error: &AsmError) -> Trouble {
    let AsmError { code, line, column, width, message, help } = error;
    let mut files = Files::default();
    let file = files.add(name, text);
    let (start, end) = (at_line(text, *line, *column), at_line(text, *line, column + width));
    let diagnostic = Diagnostic::new(Code(code), message)
        .label(file, Span::new(start.start, end.start.max(start.start)), "here")
        .help(help);
    Trouble::report(vec![diagnostic], files)
}
