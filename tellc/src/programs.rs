//! The programs below a folder.

use crate::outcome::Trouble;
use crate::seen;
use std::path::{Path, PathBuf};
use std::{fs, io};
use tell_language::diagnostic::{Code, Diagnostic};

/// Most files and folders that are looked at.
const MAX_ENTRIES: usize = 100_000;

/// All `.tell` files below a folder, in order of their names. Hidden folders and links to folders are left out.
///
/// # Errors
/// Those of the operating system, and more than `most` files and folders.
pub(crate) fn below(folder: &Path, most: usize) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        for entry in fs::read_dir(here).map_err(|error| (folder.clone(), error))? {
            let entry = entry.map_err(|error| (folder.clone(), error))?;
            // Not that of the entry: `./a.tell` is `a.tell`.
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(|error| (path.clone(), error))?;
            entries += 1;
            if entries > most {
                return Err((folder, io::Error::other(format!("more than {most} files are below it"))));
            }
            if kind.is_dir() {
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "tell") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// As [`below`], for a folder that a person named.
///
/// # Errors
/// `E0703`, also if there is no such file.
pub(crate) fn named(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let found = list(folder).map_err(|(path, error)| Trouble::io("read", &path.display().to_string(), &error))?;
    seen::folder(folder, &found);
    if found.is_empty() {
        let text = format!("there is no `.tell` file below `{}`", folder.display());
        return Err(Trouble::plain(Diagnostic::new(Code("E0703"), text).help("name a file, or another folder")));
    }
    Ok(found)
}

/// As [`below`]; `.` is not written before the names of files.
///
/// # Errors
/// As [`below`].
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    below(folder.strip_prefix(".").unwrap_or(folder), MAX_ENTRIES)
}
