//! Packages: a folder with a `tell.toml`, and the packages it uses.
//!
//! [`Packages::around`] finds and loads the package a file belongs to with everything it depends on, and reports all
//! that is wrong with them. What the modules in them are is for `sources`.

use crate::input;
use crate::manifest::{self, Dependency, FILE, Manifest};
use crate::outcome::Trouble;
use crate::seen;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Files};

/// A package.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// The folder below which its modules are: `src`, if it has that, else its own.
    pub(crate) root: PathBuf,
    /// Its dependencies: names, and indices into [`Packages`].
    pub(crate) dependencies: BTreeMap<String, usize>,
    file: FileId,
    manifest: Manifest,
}

/// A package and all it depends on; the package itself comes first.
#[derive(Debug)]
pub(crate) struct Packages(pub(crate) Vec<Package>);

impl Packages {
    /// The package a file in `folder` belongs to, if any.
    ///
    /// # Errors
    /// `E0263` to `E0271`, and `E0703` if a `tell.toml` cannot be read.
    pub(crate) fn around(folder: &Path) -> Result<Option<Self>, Trouble> {
        folder_above(folder).map(|folder| Self::load(&folder)).transpose()
    }

    fn load(folder: &Path) -> Result<Self, Trouble> {
        let mut loading = Loading::default();
        loading.package(folder)?;
        let mut next = 0;
        while next < loading.packages.len() {
            loading.dependencies(next)?;
            next += 1;
        }
        if loading.wrong.is_empty() {
            loading.check_names();
            loading.check_cycles();
        }
        if loading.wrong.is_empty() {
            return Ok(Self(loading.packages));
        }
        loading.wrong.sort_by_key(Diagnostic::position);
        Err(Trouble::report(loading.wrong, loading.files))
    }
}

/// The folder of the `tell.toml` nearest above.
pub(crate) fn folder_above(folder: &Path) -> Option<PathBuf> {
    let depth = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .map_or(0, |absolute| absolute.components().count());
    // One that is written here is noticed by `--watch`.
    seen::file(&folder.join(FILE));
    let mut folder = folder.to_owned();
    for _ in 0..depth.max(1) {
        if folder.join(FILE).is_file() {
            return Some(folder);
        }
        folder = above(&folder)?;
    }
    None
}

/// The folder that a folder is in, as it is written; none above the root.
pub(crate) fn above(folder: &Path) -> Option<PathBuf> {
    Some(match folder.components().next_back() {
        Some(Component::Normal(_)) => folder.parent()?.to_owned(),
        Some(Component::RootDir | Component::Prefix(_)) => return None,
        Some(Component::CurDir) => PathBuf::from(".."),
        Some(Component::ParentDir) | None => folder.join(".."),
    })
}

/// Packages on their way in.
#[derive(Default)]
struct Loading {
    files: Files,
    packages: Vec<Package>,
    /// Packages by the true path of their folder; `None` for those that cannot be read.
    known: BTreeMap<PathBuf, Option<usize>>,
    wrong: Vec<Diagnostic>,
}

impl Loading {
    /// Reads the `tell.toml` of a folder, once.
    fn package(&mut self, folder: &Path) -> Result<Option<usize>, Trouble> {
        let path = folder.join(FILE);
        let shown = path.display().to_string();
        let identity = fs::canonicalize(&path).map_err(|error| Trouble::io("read", &shown, &error))?;
        if let Some(known) = self.known.get(&identity) {
            return Ok(*known);
        }
        let text = input::text(&shown, input::bytes(&path)?)?;
        let file = self.files.add(shown, text.as_str());
        let index = match manifest::read(file, &text) {
            Ok(manifest) => {
                let source = folder.join("src");
                let root = if source.is_dir() { source } else { folder.to_owned() };
                let name = manifest.name.clone();
                self.packages.push(Package { name, root, dependencies: BTreeMap::new(), file, manifest });
                Some(self.packages.len() - 1)
            }
            Err(wrong) => {
                self.wrong.extend(wrong);
                None
            }
        };
        self.known.insert(identity, index);
        Ok(index)
    }

    fn dependencies(&mut self, package: usize) -> Result<(), Trouble> {
        let file = self.packages[package].file;
        let folder = Path::new(&self.files.get(file).name).parent().unwrap_or(Path::new("")).to_owned();
        for dependency in self.packages[package].manifest.dependencies.clone() {
            let Dependency { name, span, path, path_span } = dependency;
            let there = shortened(&folder.join(&path));
            seen::file(&there.join(FILE));
            if !there.join(FILE).is_file() {
                let text = format!("the dependency `{name}` is not in `{}`", there.display());
                let label = if there.is_dir() { "this folder has no `tell.toml`" } else { "there is no such folder" };
                let help = "the path leads from this `tell.toml` to the folder of the other one";
                self.wrong.push(Diagnostic::new(Code("E0266"), text).label(file, path_span, label).help(help));
                continue;
            }
            let Some(target) = self.package(&there)? else { continue };
            let other = &self.packages[target];
            if other.name != name {
                let text = format!("the package in `{path}` is called `{}`, not `{name}`", other.name);
                let diagnostic = Diagnostic::new(Code("E0267"), text)
                    .label(file, span, "called otherwise here")
                    .label(other.file, other.manifest.name_span, "its name")
                    .help(format!("write `{} = {{ path = \"{path}\" }}`", other.name));
                self.wrong.push(diagnostic.fix(file, span, other.name.clone()));
                continue;
            }
            self.packages[package].dependencies.insert(name, target);
        }
        Ok(())
    }

    /// `E0269`: a name that would mean two things to an import.
    fn check_names(&mut self) {
        let packages = &self.packages;
        for (index, package) in packages.iter().enumerate() {
            let Some(first) = packages[..index].iter().find(|first| first.name == package.name) else { continue };
            let text = format!("two packages are called `{}`", package.name);
            let diagnostic = Diagnostic::new(Code("E0269"), text)
                .label(package.file, package.manifest.name_span, "this one")
                .label(first.file, first.manifest.name_span, "and this one")
                .help("rename one of them: imports begin with the name of a package");
            self.wrong.push(diagnostic);
        }
        for (index, owner) in packages.iter().enumerate() {
            // The modules of the first package have names without a package: no package may be called like them.
            let others = match index {
                0 => (1..packages.len()).collect(),
                _ => owner.dependencies.values().copied().collect::<Vec<_>>(),
            };
            let clashes = others.into_iter().filter_map(|other| clash(owner, &packages[other]));
            self.wrong.extend(clashes);
        }
    }

    /// `E0268`: packages that need each other, with the whole way.
    fn check_cycles(&mut self) {
        let targets: Vec<Vec<usize>> =
            self.packages.iter().map(|package| package.dependencies.values().copied().collect()).collect();
        let mut is_done = vec![false; targets.len()];
        // Packages on the way from the first, each with how many of its dependencies were followed.
        let mut way: Vec<(usize, usize)> = vec![(0, 0)];
        while let Some((package, followed)) = way.last_mut() {
            let (package, next) = (*package, *followed);
            *followed += 1;
            match targets[package].get(next).copied() {
                None => {
                    is_done[package] = true;
                    way.pop();
                }
                Some(target) => match way.iter().position(|(open, _)| *open == target) {
                    Some(start) => {
                        let cycle: Vec<usize> = way[start..].iter().map(|(package, _)| *package).collect();
                        self.cycle(&cycle);
                    }
                    None if is_done[target] => {}
                    None => way.push((target, 0)),
                },
            }
        }
    }

    fn cycle(&mut self, way: &[usize]) {
        let around: Vec<&Package> = way.iter().chain(way.first()).map(|index| &self.packages[*index]).collect();
        let path: Vec<&str> = around.iter().map(|package| package.name.as_str()).collect();
        let text = format!("packages depend on each other in a circle: {}", path.join(" → "));
        let mut diagnostic = Diagnostic::new(Code("E0268"), text);
        for pair in around.windows(2) {
            let dependency = pair[0].manifest.dependencies.iter().find(|one| one.name == pair[1].name);
            let span = dependency.map_or(pair[0].manifest.name_span, |dependency| dependency.span);
            diagnostic = diagnostic.label(pair[0].file, span, format!("`{}` uses `{}`", pair[0].name, pair[1].name));
        }
        self.wrong.push(diagnostic.help("move what both need into a package that uses neither"));
    }
}

/// `E0269`: a package that is called like modules of another one, which could import it.
fn clash(owner: &Package, other: &Package) -> Option<Diagnostic> {
    let module = owner.root.join(&other.name);
    let taken = [module.with_extension("tell"), module].into_iter().find(|path| has_modules(path))?;
    let uses = owner.manifest.dependencies.iter().find(|dependency| dependency.name == other.name);
    let (file, span) = match uses {
        Some(dependency) => (owner.file, dependency.span),
        None => (other.file, other.manifest.name_span),
    };
    let text = format!("`{}` is a package and a module of `{}`", other.name, owner.name);
    let taken = taken.display();
    let diagnostic = Diagnostic::new(Code("E0269"), text).label(file, span, "the package");
    Some(diagnostic.note(format!("the module is `{taken}`")).help(format!("rename `{taken}`, or the package")))
}

/// `a/../b` as `b`, unless `a` is a link to elsewhere.
fn shortened(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match (part, short.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => drop(short.pop()),
            _ => short.push(part),
        }
    }
    let is_same = fs::canonicalize(&short).ok() == fs::canonicalize(path).ok();
    if is_same { short } else { path.to_owned() }
}

/// Whether a path is that of a module or of a folder with modules.
fn has_modules(path: &Path) -> bool {
    path.is_file()
        || fs::read_dir(path).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "tell"))
        })
}
