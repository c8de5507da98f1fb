//! `tellc import`: protocols of Scribble and nuScr as `.tell` text.

use crate::args::Import;
use crate::build::{refuse_overwriting, write_file};
use crate::compile::no_protocol;
use crate::input::{bytes, is_dash, shown, text};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::path::Path;
use tell_compiler::scribble::{self, Imported};
use tell_language::span::{FileId, Files};

/// Translates a file.
///
/// # Errors
/// What is wrong with the file or the command line.
pub(crate) fn import(args: &Import, output: &Output) -> Result<Exit, Trouble> {
    let source = &args.source.file;
    let target = args.output.as_deref().filter(|path| !is_dash(path));
    if let Some(target) = target {
        refuse_overwriting(source, target)?;
    }
    let name = match &args.source.stdin_filename {
        Some(name) if is_dash(source) => name.clone(),
        _ => shown(source),
    };
    let text = text(&name, bytes(source)?)?;
    let mut files = Files::default();
    let file = files.add(&name, &text);
    let imported = translate(&name, &text, file, args.protocol.as_deref(), &files)?;
    for note in &imported.notes {
        let (line, column) = files.line_column(file, note.span.start);
        output.status(format_args!("note: {name}:{line}:{column}: {}", note.text));
    }
    let Some(target) = target else {
        output.bytes(imported.text.as_bytes())?;
        return Ok(Exit::Ok);
    };
    let written = write_file(target, imported.text.as_bytes());
    written.map_err(|error| Trouble::io("written", &target.display().to_string(), &error))?;
    output.status(format_args!("wrote {0}; `tellc check {0}` checks it", target.display()));
    Ok(Exit::Ok)
}

/// The `.tell` text; the comment in it names the file without its folder, so that it is the same everywhere.
fn translate(name: &str, text: &str, file: FileId, protocol: Option<&str>, files: &Files) -> Result<Imported, Trouble> {
    let failed = |diagnostics| Trouble::report(diagnostics, files.clone());
    let module = scribble::read(file, text).map_err(failed)?;
    let protocols = module.protocols();
    if protocol.is_some_and(|wanted| !protocols.contains(&wanted)) {
        return Err(no_protocol(protocol, &protocols));
    }
    let source = Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy());
    scribble::write(&module, &source, protocol).map_err(|error| failed(vec![*error]))
}
