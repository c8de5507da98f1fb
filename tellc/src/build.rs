//! `tellc build`: a verified image, written in one piece or not at all.

use crate::args::Build;
use crate::compile::{Compiled, compile};
use crate::input::{Input, is_dash, read};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tell_ir::codec::encode;
use tell_ir::hash::content_id;
use tell_ir::image::CodeImage;
use tell_ir::verify::SessionBound;
use tell_language::render::one_line;

/// Compiles, verifies and writes an image.
///
/// # Errors
/// What is wrong with the program, the command line or the file.
pub(crate) fn build(args: &Build, output: &Output) -> Result<Exit, Trouble> {
    let target = target(&args.source.file, args.output.as_deref())?;
    let input = read(&args.source)?;
    if let Input::Image { name, .. } = &input {
        return Err(Trouble::usage(format!("`{name}` is an image already")));
    }
    let Compiled { image, .. } = compile(input, args.protocol.as_deref(), &args.sizes, output)?;
    write_image(&target, image.image(), output)?;
    Ok(Exit::Ok)
}

/// Where an image goes: beside its source, if nothing is said.
///
/// # Errors
/// A usage error if nothing can be said, or if it is what is read.
pub(crate) fn target(source: &Path, given: Option<&Path>) -> Result<PathBuf, Trouble> {
    let target = match given {
        Some(path) => path.to_owned(),
        None if is_dash(source) => return Err(Trouble::usage("what comes from standard input needs `-o IMAGE`")),
        None => source.with_extension("tellimg"),
    };
    refuse_overwriting(source, &target)?;
    Ok(target)
}

/// Writes an image and says what is in it, unless it goes to standard output.
///
/// # Errors
/// `E0703`, and those of standard output.
pub(crate) fn write_image(target: &Path, image: &CodeImage, output: &Output) -> Result<(), Trouble> {
    let bytes = encode(image);
    if is_dash(target) {
        return Ok(output.bytes(&bytes)?);
    }
    let name = target.display().to_string();
    write_file(target, &bytes).map_err(|error| Trouble::io("written", &name, &error))?;
    if !output.is_quiet() {
        output.bytes(summary("wrote", &name, image, None, bytes.len()).as_bytes())?;
    }
    Ok(())
}

/// A file that is read cannot be written in the same run.
///
/// # Errors
/// A usage error if both names lead to one file.
pub(crate) fn refuse_overwriting(source: &Path, target: &Path) -> Result<(), Trouble> {
    let same = match (fs::canonicalize(source), fs::canonicalize(target)) {
        (Ok(source), Ok(target)) => source == target && source.is_file(),
        _ => false,
    };
    if same {
        return Err(Trouble::usage(format!("writing `{}` would overwrite what is read", target.display())));
    }
    Ok(())
}

/// What is in an image, and what a session of it takes at most if that is known, in lines.
pub(crate) fn summary(verb: &str, name: &str, image: &CodeImage, bound: Option<SessionBound>, size: usize) -> String {
    let codes = || image.roles.iter().zip(&image.functions).map(|(role, function)| (&role.name, function.code.len()));
    let total: usize = codes().map(|(_, length)| length).sum();
    let roles: Vec<String> = codes().map(|(name, length)| format!("{name} {length}")).collect();
    let session = bound.map(|SessionBound { registers, coroutines, edges }| {
        ("session", format!("coroutines {coroutines}, registers {registers}, edges {edges} at most"))
    });
    let lines = [
        Some((verb, name.to_owned())),
        Some(("protocol", image.protocol.clone())),
        Some(("roles", image.roles.len().to_string())),
        Some(("instructions", format!("{total} ({})", roles.join(", ")))),
        session,
        Some(("size", format!("{size} bytes"))),
        Some(("content id", content_id(image).to_string())),
    ];
    lines.iter().flatten().map(|(what, value)| format!("{what:<13} {}\n", one_line(value))).collect()
}

/// Writes a file by way of a new one beside it, so that nobody ever sees half of it. Who may read and write an
/// existing file stays as it is. Devices are written directly.
pub(crate) fn write_file(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match fs::canonicalize(target) {
        Ok(existing) if !fs::metadata(&existing)?.is_file() => return File::create(&existing)?.write_all(bytes),
        Ok(existing) => existing,
        Err(_) => target.to_owned(),
    };
    let unfinished = unfinished(&target);
    let written = File::create_new(&unfinished).and_then(|mut file| {
        if let Ok(old) = fs::metadata(&target) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        if let Ok(existing) = fs::metadata(&target) {
            file.set_permissions(existing.permissions())?;
        }
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&unfinished, &target)).inspect_err(|_| {
        // The first error is the one that matters.
        let _ = fs::remove_file(&unfinished);
    })
}

fn unfinished(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.unfinished", std::process::id()))
}
