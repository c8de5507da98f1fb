//! `--with FILE`: the images whose sessions are opened from others, in the order in which they can be loaded.

use crate::args::Sizes;
use crate::compile::{Compiled, compile};
use crate::input::read_as;
use crate::outcome::Trouble;
use crate::output::Output;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tell_ir::hash::{ContentId, content_id};
use tell_ir::image::CodeImage;
use tell_ir::verify::Verified;
use tell_language::diagnostic::{Code, Diagnostic};

/// Reads what the sessions of an image open: each image behind those that its own sessions open.
///
/// # Errors
/// What is wrong with a file, and `E0701` if one of the images is not there.
pub(super) fn read(paths: &[PathBuf], main: &CodeImage, output: &Output) -> Result<Vec<Verified>, Trouble> {
    let (mut waiting, mut known) = (Vec::new(), BTreeSet::new());
    for path in paths {
        let Compiled { image, .. } = compile(read_as(path, None)?, None, &Sizes::default(), output)?;
        if known.insert(content_id(image.image())) {
            waiting.push(image);
        }
    }
    let all = waiting.iter().map(Verified::image).chain([main]);
    let missing: BTreeSet<ContentId> = all.flat_map(opened).filter(|id| !known.contains(id)).collect();
    if !missing.is_empty() {
        return Err(Trouble::plain(not_given(&missing)));
    }
    let (mut loaded, mut in_order) = (BTreeSet::new(), Vec::new());
    // No image opens itself, by whatever detour: its content id would depend on itself.
    while !waiting.is_empty() {
        let is_ready = |image: &Verified| opened(image.image()).all(|id| loaded.contains(&id));
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        assert!(!ready.is_empty(), "bug: images that open each other");
        loaded.extend(ready.iter().map(|image| content_id(image.image())));
        in_order.extend(ready);
        waiting = rest;
    }
    Ok(in_order)
}

/// The images that the sessions of one open.
fn opened(image: &CodeImage) -> impl Iterator<Item = ContentId> {
    image.resources.nested.iter().map(|nested| ContentId(nested.image))
}

fn not_given(missing: &BTreeSet<ContentId>) -> Diagnostic {
    let text = match missing.len() {
        1 => "the run needs a nested image that is not given".to_owned(),
        count => format!("the run needs {count} nested images that are not given"),
    };
    let mut diagnostic = Diagnostic::new(Code("E0701"), text)
        .help("give its file with `--with FILE`; `tellc verify IMAGE` prints content ids");
    diagnostic.notes = missing.iter().map(|id| format!("content id {id}")).collect();
    diagnostic
}
