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

/// Compiles, verifies and writes an image.
///
/// # Errors
/// What is wrong with the program, the command line or the file.
pub(crate) fn build(args: &Build, output: &Output) -> Result<Exit, Trouble> {
    let target = match &args.output {
        Some(path) => path.clone(),
        None if is_dash(&args.source.file) => {
            return Err(Trouble::usage("a program from standard input needs `-o IMAGE`"));
        }
        None => args.source.file.with_extension("tellimg"),
    };
    refuse_overwriting(&args.source.file, &target)?;
    let input = read(&args.source)?;
    if let Input::Image { name, .. } = &input {
        return Err(Trouble::usage(format!("`{name}` is an image already")));
    }
    let Compiled { image, .. } = compile(input, args.protocol.as_deref(), &args.sizes, output)?;
    let bytes = encode(image.image());
    if is_dash(&target) {
        output.bytes(&bytes)?;
        return Ok(Exit::Ok);
    }
    write_file(&target, &bytes).map_err(|error| Trouble::io("written", &target.display().to_string(), &error))?;
    if !output.is_quiet() {
        summary(&target, image.image(), bytes.len(), output)?;
    }
    Ok(Exit::Ok)
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

fn summary(target: &Path, image: &CodeImage, size: usize, output: &Output) -> io::Result<()> {
    let codes = || image.roles.iter().zip(&image.functions).map(|(role, function)| (&role.name, function.code.len()));
    let total: usize = codes().map(|(_, length)| length).sum();
    let roles: Vec<String> = codes().map(|(name, length)| format!("{name} {length}")).collect();
    output.line(format_args!("wrote         {}", target.display()))?;
    output.line(format_args!("protocol      {}", image.protocol))?;
    output.line(format_args!("roles         {}", image.roles.len()))?;
    output.line(format_args!("instructions  {total} ({})", roles.join(", ")))?;
    output.line(format_args!("size          {size} bytes"))?;
    output.line(format_args!("content id    {}", content_id(image)))
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
