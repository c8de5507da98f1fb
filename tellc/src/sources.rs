//! Texts of the `std` modules, for the compiler.

use tell_compiler::sources::Sources;

/// The standard library.
pub(crate) struct Library;

impl Sources for Library {
    fn module(&self, name: &str) -> Option<&str> {
        tell_stdlib::sources().iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}
