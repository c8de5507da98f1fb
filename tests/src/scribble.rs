//! The Scribble and nuScr files of the corpus, and importing as `tellc import` does.

use crate::{files, root, text_of};
use std::path::PathBuf;
use tell_compiler::scribble::{self, Imported};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::FileId;

/// The files, in order.
#[must_use]
pub fn sources() -> Vec<PathBuf> {
    let folder = root().join("tests/corpus/scribble");
    let mut all = files(&folder, "scr");
    all.extend(files(&folder, "nuscr"));
    all.sort();
    all
}

/// The `.tell` text of all protocols of a file.
///
/// # Errors
/// The diagnostics; they point into the file of id 0.
pub fn import(source: &str, text: &str) -> Result<Imported, Vec<Diagnostic>> {
    let module = scribble::read(FileId(0), text)?;
    scribble::write(&module, source, None).map_err(|error| vec![*error])
}

/// As [`import`], of a file of the corpus.
///
/// # Errors
/// Those of [`import`].
pub fn import_file(path: &std::path::Path) -> Result<Imported, Vec<Diagnostic>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    import(&name, &text_of(path))
}
