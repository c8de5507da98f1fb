//! Where modules are: in the standard library, below the root of a package, or beside the user's file.

use crate::input;
use crate::outcome::Trouble;
use crate::package::{Packages, above};
use crate::programs;
use std::io;
use std::path::{Component, Path, PathBuf};
use tell_compiler::sources::{NoModule, Source, Sources, Wanted, of_library};
use tell_language::parse::MAX_BYTES;

/// In larger packages no similar name is looked for.
const MAX_SUGGESTED: usize = 2_000;

/// The modules that one file can import.
pub(crate) struct Library {
    /// The user's file.
    file: PathBuf,
    /// Its package and all that depends on; `None` for a file without a package.
    packages: Option<Packages>,
}

impl Library {
    /// The modules of a file with that name.
    ///
    /// # Errors
    /// What is wrong with its package.
    pub(crate) fn of(name: &str) -> Result<Self, Trouble> {
        let file = PathBuf::from(name);
        let packages = Packages::around(file.parent().unwrap_or(Path::new("")))?;
        Ok(Self { file, packages })
    }

    /// The folder below which the modules of a file without a package are: where its `module` line would be right, else
    /// its own.
    fn bare_root(&self, declared: Option<&str>) -> PathBuf {
        let own = self.file.parent().unwrap_or(Path::new("")).to_owned();
        let folders =
            declared.filter(|declared| self.fits(declared)).map_or(0, |declared| declared.matches('.').count());
        (0..folders).try_fold(own.clone(), |folder, _| above(&folder)).unwrap_or(own)
    }

    /// Whether a name is the end of the file's path.
    fn fits(&self, declared: &str) -> bool {
        let path = std::path::absolute(&self.file).map(|path| normal(&path).with_extension(""));
        path.is_ok_and(|path| path.ends_with(declared.split('.').collect::<PathBuf>()))
    }

    fn find(&self, wanted: &Wanted<'_>) -> Place {
        let Some(Packages(packages)) = &self.packages else {
            let root = self.bare_root(wanted.declared);
            return Place { prefix: None, root, rest: wanted.name.to_owned() };
        };
        let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let from = first(wanted.from);
        let owner = packages.iter().skip(1).find(|package| package.name == from).unwrap_or(&packages[0]);
        let (target, rest) = match owner.dependencies.get(&first(wanted.name)) {
            Some(target) => (&packages[*target], wanted.name.split_once('.').map_or("", |(_, rest)| rest)),
            None => (owner, wanted.name),
        };
        let prefix = (!std::ptr::eq(target, &packages[0])).then(|| target.name.clone());
        Place { prefix, root: target.root.clone(), rest: rest.to_owned() }
    }

    /// Names that can be imported where one was not found.
    fn known(&self, place: &Place) -> Vec<String> {
        let Place { prefix, root, .. } = place;
        let files = programs::below(root, MAX_SUGGESTED).unwrap_or_default();
        let names = files.iter().filter_map(|file| dotted(file.strip_prefix(root).ok()?));
        names.map(|name| full(prefix.as_deref(), &name)).collect()
    }
}

/// Where a module has to be.
struct Place {
    /// Its package, unless that is the user's.
    prefix: Option<String>,
    /// The folder with the modules of the package.
    root: PathBuf,
    /// Its name there; empty if an import names a package only.
    rest: String,
}

impl Sources for Library {
    fn own_name(&self, declared: Option<&str>) -> Option<String> {
        if self.file.extension().is_none_or(|extension| extension != "tell") {
            return None;
        }
        let Some(Packages(packages)) = &self.packages else {
            let name = declared.filter(|declared| self.fits(declared)).map(str::to_owned);
            return name.or_else(|| Some(self.file.file_stem()?.to_str()?.to_owned()));
        };
        let file = std::path::absolute(&self.file).ok()?;
        let root = std::path::absolute(&packages[0].root).ok()?;
        dotted(normal(&file).strip_prefix(normal(&root)).ok()?)
    }

    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule> {
        if wanted.name == "std" || wanted.name.starts_with("std.") {
            return of_library(tell_stdlib::sources(), wanted.name);
        }
        let place = self.find(wanted);
        if place.rest.is_empty() {
            return Err(NoModule::Unknown { looked: Vec::new(), known: self.known(&place) });
        }
        let path = place.root.join(place.rest.split('.').collect::<PathBuf>()).with_extension("tell");
        let file = path.display().to_string();
        match read(&path) {
            Ok(text) => Ok(Source { module: full(place.prefix.as_deref(), &place.rest), line: place.rest, file, text }),
            Err(None) => Err(NoModule::Unknown { known: self.known(&place), looked: vec![file] }),
            Err(Some(reason)) => Err(NoModule::Unreadable { file, reason }),
        }
    }
}

/// The text of a file; why it cannot be had, or nothing if it is not there.
fn read(path: &Path) -> Result<String, Option<String>> {
    let bytes = input::file(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => None,
        _ => Some(crate::outcome::reason(&error)),
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(Some(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| Some("it is not UTF-8".to_owned()))
}

/// `a/b.tell` as `a.b`.
fn dotted(path: &Path) -> Option<String> {
    let path = path.with_extension("");
    let names: Option<Vec<&str>> = path.iter().map(|name| name.to_str()).collect();
    names.map(|names| names.join("."))
}

fn full(prefix: Option<&str>, name: &str) -> String {
    prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"))
}

/// A path without `.` and `..`, as it is written.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            _ => normal.push(part),
        }
    }
    normal
}
