//! What the tests in `tests/` share: reading verdicts, running programs as `tellc run` does, generating programs.
//!
//! ```text
//! corpus file ──verdict──► expectations        text ──program──► image ──run──► report and trace
//! ```
//!
//! The tests themselves are in `tests/tests`, one file per subject; what they look at is in `tests/corpus`.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

pub mod account;
pub mod campaign;
pub mod contracts;
pub mod earley;
mod evaluate;
pub mod fence;
pub mod flags;
pub mod forge;
pub mod generate;
pub mod globals;
pub mod grammar;
pub mod handlers;
pub mod host;
pub mod knockout;
pub mod mangle;
pub mod notation;
pub mod numbers;
pub mod pieces;
pub mod program;
pub mod projected;
pub mod reference;
pub mod run;
pub mod scribble;
pub mod shrink;
pub mod soundness;
pub mod trace;
pub mod value;
pub mod verifier;

use std::path::{Path, PathBuf};
pub use tell_language::verdict;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the repository.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The programs of the corpus, which have a verdict each; those of `packages` have one for all their files.
#[must_use]
pub fn corpus() -> Vec<PathBuf> {
    let folder = root().join("tests/corpus");
    files(&folder, "tell").into_iter().filter(|file| !file.starts_with(folder.join("packages"))).collect()
}

/// All files below a folder whose names end in `.extension`, in order.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
