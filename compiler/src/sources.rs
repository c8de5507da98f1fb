//! The compiler's only view of the outside world.

/// Gives the text of modules; implemented by `tellc` and by tests.
///
/// A module has a *full name*, which is the same whoever imports it and no other module of the program has. What an
/// import writes depends on the package it stands in: a package writes its own `a.b`, another one `util.a.b`.
pub trait Sources {
    /// The full name of the user's file, which is also what its `module` line has to say; `declared` is what it says.
    /// None if no import leads to the file: then the line may say what it likes.
    fn own_name(&self, declared: Option<&str>) -> Option<String>;

    /// The module that an import names.
    ///
    /// # Errors
    /// Why there is none.
    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule>;
}

/// An import, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What the `module` line of the user's file says.
    pub declared: Option<&'a str>,
    /// Full name of the importing module; empty for the user's file.
    pub from: &'a str,
    /// What the import writes: `std.console`.
    pub name: &'a str,
}

/// The text of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its full name.
    pub module: String,
    /// What its `module` line has to say, if it has one.
    pub line: String,
    /// Name of its file in diagnostics.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Why an import leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoModule {
    /// There is no such module.
    Unknown {
        /// The files that were looked for.
        looked: Vec<String>,
        /// Names that can be imported there.
        known: Vec<String>,
    },
    /// There is one, but its text cannot be had.
    Unreadable {
        /// Name of its file.
        file: String,
        /// Why.
        reason: String,
    },
}

impl NoModule {
    /// No module, and nothing like it.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self::Unknown { looked: Vec::new(), known: Vec::new() }
    }
}

/// The standard library `texts`, pairs of name and text, and what of it an import names.
///
/// # Errors
/// If there is no such module.
pub fn of_library(texts: &[(&str, &str)], name: &str) -> Result<Source, NoModule> {
    match texts.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(Source {
            module: name.to_owned(),
            line: name.to_owned(),
            file: format!("{}.tell", name.replace('.', "/")),
            text: (*text).to_owned(),
        }),
        None => {
            let known = texts.iter().map(|(known, _)| (*known).to_owned()).collect();
            Err(NoModule::Unknown { looked: Vec::new(), known })
        }
    }
}

/// No modules at all, not even `std`.
pub struct NoSources;

impl Sources for NoSources {
    fn own_name(&self, _: Option<&str>) -> Option<String> {
        None
    }

    fn module(&self, _: &Wanted<'_>) -> Result<Source, NoModule> {
        Err(NoModule::nowhere())
    }
}
