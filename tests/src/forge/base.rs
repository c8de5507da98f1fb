//! The images that are changed: of programs people wrote, and of generated types.

use crate::globals::{Shape, with};
use crate::program::{check, image};
use crate::{corpus, files, root, text_of};
use tell_compiler::emit::without_machines;
use tell_compiler::hir::Program;
use tell_compiler::import::import;
use tell_compiler::pipeline::{build, check_global};
use tell_compiler::project::{Limits, project};
use tell_ir::image::CodeImage;

fn shape(seed: u64) -> Shape {
    Shape { choice: seed.is_multiple_of(2), par: seed.is_multiple_of(3) }
}

/// The image of the generated type of a seed, if it can be carried out.
///
/// # Panics
/// If it can, and no image comes of it.
#[must_use]
pub fn generated(seed: u64) -> Option<CodeImage> {
    let limits = Limits { explored_states: 0, ..Limits::default() };
    let checked = check_global("generated.json", "", &with(seed, shape(seed)), &[], limits);
    checked.projected.first()?;
    Some(build(&checked, None, limits).unwrap_or_else(|error| panic!("seed {seed}: {error:?}")))
}

/// The generated type of a seed without machines, if the projection rejects it.
#[must_use]
pub fn rejected(seed: u64) -> Option<CodeImage> {
    let mut program = Program::default();
    let file = program.files.add("generated.json", "");
    let made = import(&mut program, file, "Generated", &with(1_000_000 + seed, shape(seed)), &[]).ok()?;
    let is_rejected = project(&program, &made, Limits::default()).is_err();
    is_rejected.then(|| without_machines(&program, &made))
}

/// The images of all programs people wrote: examples and corpus, each with the name of its file.
#[must_use]
pub fn written() -> Vec<(String, CodeImage)> {
    let paths = files(&root().join("examples"), "tell").into_iter().chain(corpus());
    let built = paths.filter_map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let checked = check(&name, &text_of(&path));
        if checked.has_errors() || checked.protocols().is_empty() {
            return None;
        }
        Some((name, image(&checked).ok()?))
    });
    built.collect()
}
