//! What the tests in `tests/` share: reading verdicts, running programs as `tellc run` does, generating programs.
//!
//! ```text
//! corpus file ──verdict──► expectations        text ──program──► image ──run──► report and trace
//! ```
//!
//! The tests themselves are in `tests/tests`, one file per subject; what they look at is in `tests/corpus`.

pub mod fence;
pub mod flags;
pub mod generate;
pub mod host;
pub mod numbers;
pub mod program;
pub mod run;
pub mod value;
pub mod verdict;

use std::path::{Path, PathBuf};

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
