//! The compiler's only view of the outside world.

/// Gives the text of modules; implemented by `tellc` and by tests.
pub trait Sources {
    /// The text of module `name` (`std.console`), if there is one.
    fn module(&self, name: &str) -> Option<&str>;
}

/// No modules at all, not even `std`.
pub struct NoSources;

impl Sources for NoSources {
    fn module(&self, _: &str) -> Option<&str> {
        None
    }
}
